# Prévias que esperam confirmação, e comandos que chegaram atrasados.

preview-intro = Confira antes que eu faça ({ $count ->
        [one] 1 mudança
       *[other] { $count } mudanças
    }):
confirm-how = Para continuar, reaja a esta mensagem com ✅ ou digite `{ $prefix }confirm { $code }` em até { $minutes ->
        [one] 1 minuto
       *[other] { $minutes } minutos
    }. Caso contrário, nada acontece.
confirm-wrong = Não conheço o código “{ $said }”.
confirm-expired = O prazo acabou e nada foi feito. Repita o comando, por favor.
confirm-used = Isso já foi confirmado.
confirm-not-yours = Só { $user }, que fez o pedido, pode confirmar.
confirm-changed = A situação mudou desde a prévia, por isso nada foi feito. Repita o comando, por favor.
late = Este comando chegou há { $minutes ->
        [one] 1 minuto
       *[other] { $minutes } minutos
    }, enquanto eu estava fora do ar. Por segurança não fiz nada: repita, se ainda for necessário.
time-is-over = O prazo que você deu terminou em { $until }, antes que eu pudesse agir. Não fiz nada.
