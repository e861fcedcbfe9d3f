# O que o status mostra.

status-intro = **Bot do EquipeMed { $version }**, em funcionamento desde { $since }
status-mode-enforce = Modo: aplicação – mantenho contas e salas de acordo com o EquipeMed
status-mode-observe = Modo: observação – só observo e aviso, sem mudar nada
status-last = Última sincronização completa: { $when }; mudanças: { $done }, falhas: { $failed }, a verificar: { $findings }
status-last-none = Última sincronização completa: nenhuma até agora
status-last-failed = Última sincronização completa: { $when }, não chegou ao fim ({ $detail })
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
status-held = Retido até alguém aprovar: { $list }
status-held-one-more = { $id } (uma de duas aprovações dada, por { $by })
status-held-none = Retido: nada
status-findings = { $count ->
        [0] Não há nada a verificar
        [one] Há 1 ponto a verificar
       *[other] Há { $count } pontos a verificar
    }:
status-synapse = Synapse: acessível, versão { $version }
status-synapse-away = Synapse: **inacessível** ({ $detail })
status-directory = EquipeMed: { $people ->
        [0] nenhuma pessoa lida
        [one] 1 pessoa lida
       *[other] { $people } pessoas lidas
    } em { $when }

paused = Pausado por { $by } desde { $since }: não altero nada sozinho, só o que alguém pedir aqui.
paused-until = Pausado por { $by } até { $until }: não altero nada sozinho, só o que alguém pedir aqui.
pause-how = Para continuar, escreva { $command }.
resumed = De volta ao trabalho. Estou verificando tudo agora.
not-paused = Não estou pausado.
