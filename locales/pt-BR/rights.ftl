# Quando alguém não pode fazer o que pediu.

refused-right = Para isso, é preciso ter o direito de **{ $right }**.
refused-right-room = Para isso, é preciso ter o direito de **{ $right }** na sala { $room }.
refused-gain-held = Você recebeu o direito de **{ $right }**, mas isso está retido até alguém aprovar.
refused-unknown = O EquipeMed não conhece esta conta, por isso não faço nada por ela. Fale com a equipe de TI.
refused-standing = Seu acesso no EquipeMed não está ativo, por isso não faço nada por esta conta. Fale com a equipe de TI.
refused-self = Isso não se faz com a própria conta. Peça a outra pessoa da equipe, por favor.
refused-protected = { $user } é uma conta protegida: ninguém pode alterá-la por aqui.
refused-higher = { $user } tem nível igual ou maior que o seu, por isso você não pode fazer isso.
refused-higher-room = { $user } tem nível igual ou maior que o seu na sala { $room }, por isso você não pode fazer isso.
refused-above = Você não pode dar o nível { $level }: o seu ali é { $own }.
refused-above-room = Você não pode dar o nível { $level }: o seu na sala { $room } é { $own }.
directory-away = Não consigo ler o EquipeMed agora, por isso não posso conferir seus direitos. Nada foi feito: tente de novo em alguns minutos.
observe = Estou no modo de observação: só observo e aviso, sem mudar nada.
