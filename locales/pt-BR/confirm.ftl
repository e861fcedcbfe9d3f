# Prévias que esperam confirmação, e comandos que chegaram atrasados.

preview-intro = Confira antes que eu faça ({ $count ->
        [one] 1 mudança
       *[other] { $count } mudanças
    }):
confirm-how = Para continuar, reaja a esta mensagem com ✅ ou digite `{ $prefix }confirmar { $code }` em até { $minutes ->
        [one] 1 minuto
       *[other] { $minutes } minutos
    }. Caso contrário, nada acontece.
confirm-wrong = Não conheço o código “{ $said }”.
confirm-nothing = Essa mensagem não é uma prévia minha, ou é só parte de uma. Responda à que diz como confirmar, ou digite o código.
confirm-expired = Isso não vale mais: o prazo acabou ou o pedido foi cancelado. Nada foi feito. Digite o comando de novo, por favor.
confirm-used = Isso já foi confirmado.
cancelled = Certo, nada foi feito.
confirm-not-yours = Só { $user }, que fez o pedido, pode confirmar.
confirm-changed = A situação mudou desde a prévia, por isso nada foi feito. Digite o comando de novo, por favor.
late = Este comando foi enviado há { $minutes ->
        [one] 1 minuto
       *[other] { $minutes } minutos
    }, enquanto eu estava fora do ar. Por segurança não fiz nada: digite de novo, se ainda for necessário.
time-is-over = O prazo que você deu terminou em { $until }, antes que eu pudesse agir. Nada foi feito.
sums-beyond = Com isto seriam, em 24 horas, { $people } pessoas { $what } a seu pedido. Até { $limit } você decide só; acima
    disso, outra pessoa precisa concordar.
sums-who = Pode ser { $list }.
sums-nobody = No momento ninguém mais tem o direito de aprovar. Quem opera o serviço pode fazer isso no servidor, com `equipemed-bot grants add`.
sums-how = Quem concorda reage a esta mensagem com ✅ ou digita `{ $prefix }confirmar { $code }` em até { $minutes ->
        [one] 1 minuto
       *[other] { $minutes } minutos
    }. Caso contrário, nada acontece.
sums-not-alone = É mais do que uma pessoa pode pedir sozinha em um dia: outra, com o direito de aprovar, precisa confirmar.
sum =
    .locked = bloqueadas ou desativadas
    .deactivated = desativadas
    .signed_out = desconectadas
    .removed = removidas
    .entrusted = com nível 100, ou com o direito de aprovar ou de promover
    .empowered = com nível 50 ou mais, ou com direitos
    .lowered = com um nível mais baixo
sum-in-room = { $what } da sala { $room }
confirm-removed = Essa prévia foi apagada e não pode mais ser confirmada. Nada foi feito. Repita o comando, por favor.
