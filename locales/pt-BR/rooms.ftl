# Salas e auditoria.

rooms-intro = { $count ->
        [0] Nenhuma sala
        [one] 1 sala
       *[other] { $count } salas
    } neste servidor; sob meus cuidados: { $managed }
rooms-none = Não há salas neste servidor.
rooms-line = { $room } – { $members ->
        [0] sem participantes
        [one] 1 participante
       *[other] { $members } participantes
    }
rooms-line-managed = **{ $room }** ({ $key }) – { $members ->
        [0] sem participantes
        [one] 1 participante
       *[other] { $members } participantes
    }
rooms-encrypted = { $line }, criptografada
rooms-space = { $line }, espaço

stats-rooms = Salas: { $rooms }, sob meus cuidados: { $managed }, espaços: { $spaces }
stats-accounts = Contas: { $accounts }, ativas: { $active }
stats-people = Pessoas no EquipeMed: { $people }

rooms-create-preview = Eu criaria a sala “{ $name }” com { $members ->
        [one] 1 participante
       *[other] { $members } participantes
    }.
rooms-created = A sala { $room } foi criada ({ $key }), com { $members ->
        [one] 1 participante
       *[other] { $members } participantes
    }.
rooms-create-exists = Já existe uma sala chamada { $room }.
rooms-create-nobody = Ninguém corresponde a “{ $said }”, por isso não criei a sala.
rooms-create-failed = Não foi possível criar a sala: { $detail }
rooms-cleanup-preview = { $count ->
        [one] Seria apagada 1 sala vazia da qual não cuido
       *[other] Seriam apagadas { $count } salas vazias das quais não cuido
    }:
rooms-cleanup-done = Apagadas: { $done }, falhas: { $failed }.
rooms-cleanup-none = Não há salas vazias para limpar.
audit-intro = { $count ->
        [one] O último registro
       *[other] Os últimos { $count } registros
    }, do mais novo ao mais antigo:
audit-none = Não há nenhum registro.
audit-line = { $id }: { $when }, { $kind }, { $subject }: { $outcome } ({ $actor })
audit-line-detail = { $id }: { $when }, { $kind }, { $subject }: { $outcome }, { $detail } ({ $actor })
footer-audit = Auditoria: { $id }
