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
