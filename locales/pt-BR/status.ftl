# O que o status mostra.

status-intro = **Bot do EquipeMed { $version }**, em funcionamento desde { $since }
status-mode-enforce = Modo: aplicar (enforce) – mantenho contas e salas de acordo com o EquipeMed
status-mode-observe = Modo: observar (observe) – só observo e aviso, sem mudar nada
status-last = Última sincronização completa: { $when }; mudanças: { $done }, falhas: { $failed }, a verificar: { $findings }
status-last-none = Última sincronização completa: ainda nenhuma
status-last-failed = Última sincronização completa: { $when }, não terminou ({ $detail })
status-running = Sincronização em andamento: { $phase }, { $done } de { $total } passos
status-next = Próxima sincronização completa: { $when }
status-next-off = Próxima sincronização completa: só quando alguém pedir
status-queue = Na fila: { $wakeups ->
        [0] nenhuma pessoa ou sala
        [one] 1 pessoa ou sala
       *[other] { $wakeups } pessoas e salas
    } para conferir, { $deeds ->
        [0] nenhuma tarefa avulsa
        [one] 1 tarefa avulsa
       *[other] { $deeds } tarefas avulsas
    }
status-queue-empty = Na fila: nada
status-reports = Denúncias de mensagens em aberto: { $count }
status-held = Retido até alguém aprovar: { $list }
status-held-one-more = { $id } (1 de 2 aprovações, de { $by })
status-held-none = Retido: nada
status-findings = A verificar ({ $count }):
status-synapse = Synapse: responde, versão { $version }
status-synapse-away = Synapse: **não responde** ({ $detail })
status-directory = EquipeMed: { $people ->
        [0] nenhuma pessoa lida
        [one] 1 pessoa lida
       *[other] { $people } pessoas lidas
    } em { $when }

paused = Pausado por { $by } desde { $since }. Não altero nada sozinho, só o que alguém pedir aqui.
paused-until = Pausado por { $by } até { $until }. Não altero nada sozinho, só o que alguém pedir aqui.
paused-because = { $line } Motivo: { $reason }
pause-how = Para continuar, digite { $command }.
resumed = De volta ao trabalho. Estou conferindo tudo agora.
not-paused = Não há pausa em vigor.
