# Quando alguém não pode fazer o que pediu.

refused-right = Para isso, é preciso ter o direito de **{ $right }**.
refused-right-room = Para isso, é preciso ter o direito de **{ $right }** na sala { $room }.
refused-gain-held = Você recebeu o direito de **{ $right }**, mas isso está retido até alguém aprovar.
refused-unknown = O EquipeMed não conhece esta conta, por isso não faço nada por ela. A equipe de TI pode ajudar.
refused-standing = Seu acesso no EquipeMed não está ativo, por isso não faço nada por esta conta. A equipe de TI pode ajudar.
refused-self = Não é possível fazer isso com a própria conta. Peça a um colega, por favor.
refused-protected = { $user } é uma conta protegida: ninguém pode alterá-la por aqui.
refused-higher = { $user } tem um nível igual ou superior ao seu, por isso não é possível fazer isso.
refused-higher-room = { $user } tem um nível igual ou superior ao seu na sala { $room }, por isso não é possível fazer isso.
refused-above = Não é possível dar o nível { $level }: o seu nível ali é { $own }.
refused-above-room = Não é possível dar o nível { $level }: o seu nível na sala { $room } é { $own }.
directory-away = Não consigo ler o EquipeMed agora, por isso não posso conferir seus direitos. Nada foi feito: tente de novo em alguns minutos.
observe = Estou no modo de observação: só observo e aviso, sem mudar nada.
