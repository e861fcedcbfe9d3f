# O que se conta na sala de controle sem que ninguém pergunte.

announce-held = **Retido { $id }:** { $reason } – { $count ->
        [one] 1 mudança
       *[other] { $count } mudanças
    }. Para liberar: `{ $prefix }aprovar { $id }`
announce-held-two = **Retido { $id }:** { $reason } – { $count ->
        [one] 1 mudança
       *[other] { $count } mudanças
    }. Para liberar, duas pessoas diferentes: `{ $prefix }aprovar { $id }`
announce-held-closed = **Retido { $id } encerrado:** nada disso precisa mais ser feito.
announce-powers-placed = Desde a atualização, guardo também onde cada direito vale. { $count ->
        [one] 1 pessoa mantém o que tinha
       *[other] { $count } pessoas mantêm o que tinham
    }; nada foi alterado.
drift-put-back = { $user } alterou { $what } manualmente na sala { $room } sem ter esse direito. Já desfiz a alteração.
drift-came-back = { $user } saiu da sala { $room }, da qual faz parte. Já está de volta.
drift-seen = { $user } alterou { $what } manualmente na sala { $room } sem ter esse direito. Não mudei nada.
drift-fight = Alterações repetidas na sala { $room } ({ $what }), por { $user }. Vou deixar como está por { $minutes ->
        [one] 1 minuto
       *[other] { $minutes } minutos
    }; conversem entre si, por favor.
accounts-changed = **Contas foram alteradas manualmente no Synapse, e não por mim:**
account-changed = { $what }: { $users }. { $then }
account-changed-more = mais { $count }
control-room-open = **A sala de controle não está fechada:** pode entrar { $rule }. Feche-a, por favor: outras pessoas podem estar lendo.
room-encrypted = **A sala { $room } foi criptografada.** Não consigo mais moderar ali. Para criar uma nova no lugar dela: `{
    $prefix }salas substituir { $key }`
stray-event = **Minha própria conta enviou algo que não escrevi** ({ $kind } na sala { $room }). Alguém pode ter meu token: troque-o.
brought-in-by = **{ $user } me colocou em uma sala de que não cuido:** { $room }
brought-in-made = **Fui colocado em uma sala de que não cuido, criada por { $user }:** { $room }
brought-in = **Fui colocado em uma sala de que não cuido:** { $room }
brought-room-named = “{ $name }” ({ $id })
brought-leaves = { $came }. Não atendo a nada do que se diz ali e saio em uma hora. Para assumi-la antes disso: `{ $prefix }salas
    adotar { $id } como CHAVE`
brought-stays = { $came }. Não atendo a nada do que se diz ali. Para assumi-la: `{ $prefix }salas adotar { $id } como CHAVE`
file-redacted = { $user }, aqui não dá para enviar { $what }, por isso apaguei a mensagem. São aceitos: { $accepted }.
file-redacted-any = { $user }, aqui não dá para enviar arquivos, por isso apaguei a mensagem.
file-seen = { $user } enviou na sala { $room } um arquivo que não é aceito ({ $what }). Não mudei nada.
file-seen-paused = { $user } enviou na sala { $room } um arquivo que não é aceito ({ $what }). Quando a pausa acabar, eu apago.
file-stays = Não consegui apagar na sala { $room } um arquivo de { $user } que não é aceito: { $detail }
directory-gone = **Não consigo ler o EquipeMed:** { $detail }. Ninguém será bloqueado nem removido por isso; continuo tentando e aviso quando voltar.
directory-back = Voltei a ler o EquipeMed (fora do ar desde { $since }) e estou conferindo tudo agora.
announce-resumed = { $by } encerrou a pausa. Estou conferindo tudo agora.
announce-pause-over = A pausa acabou. Estou conferindo tudo agora.

# O que as pessoas denunciam no aplicativo. O que a mensagem denunciada diz nunca aparece.
report = **Denúncia:** { $by } { $count ->
        [one] denuncia
       *[other] denunciam
    } uma mensagem de { $sender } { $place }: { $link }
report-in-room = na sala { $room }
report-in-direct = em uma conversa direta, da qual não participo
report-in-other = em uma sala de que não cuido
report-sender-unknown = autoria desconhecida
report-reason = { $user } escreve: “{ $reason }”
report-redact = Para apagar: `{ $prefix }apagar { $link } porque …`
report-settle = Resolvido? Reaja a esta mensagem com ✅, e eu encerro.
report-several = **Denúncias:** { $user } continua denunciando: { $count ->
        [one] mais 1 mensagem
       *[other] mais { $count } mensagens
    } até agora, que não mostro uma a uma.
report-ended = ✅ **Denúncia encerrada.** { $count ->
        [one] 1 pessoa tinha denunciado
       *[other] { $count } pessoas tinham denunciado
    } uma mensagem de { $sender } { $place }. { $end }
report-several-ended = ✅ **Denúncias encerradas.** { $user } tinha denunciado { $count ->
        [one] mais 1 mensagem
       *[other] mais { $count } mensagens
    }. { $end }
report-redacted = A mensagem está apagada.
report-redacted-by = { $by } apagou a mensagem.
report-settled = Está resolvido.
report-settled-by = { $by } diz que está resolvido.

# Contado fora do Matrix, por webhook ou e-mail.
alarm-began = { $what } { $server } não responde desde { $since }.
alarm-lasts = { $what } { $server } continua sem responder, desde { $since }.
alarm-ended = { $what } { $server } voltou a responder. Estava fora do ar desde { $since }.
alarm-test = Este é um teste do alarme do equipemed-bot em { $server }. Não aconteceu nada.
alarm-what =
    .synapse = O Synapse de
    .equipemed = O banco de dados do EquipeMed, visto pelo equipemed-bot de
