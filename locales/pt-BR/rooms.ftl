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
rooms-gone = { $line }, apagada no Synapse
rooms-space = { $line }, espaço

stats-rooms = Salas: { $rooms }, sob meus cuidados: { $managed }, espaços: { $spaces }
stats-accounts = Contas: { $accounts }, ativas: { $active }
stats-people = Pessoas no EquipeMed: { $people }

rooms-create-preview = Eu criaria a sala “{ $name }” com { $members ->
        [one] 1 participante
       *[other] { $members } participantes
    }.
rooms-created = A sala { $room } foi criada, com { $members ->
        [one] 1 participante
       *[other] { $members } participantes
    }.
rooms-create-exists = Já existe uma sala chamada { $room }.
rooms-create-nobody = Ninguém corresponde a “{ $said }”, por isso não criei a sala.
rooms-create-failed = Não foi possível criar a sala: { $detail }
rooms-cleanup-preview = { $count ->
        [one] Seria apagada 1 sala vazia de que não cuido
       *[other] Seriam apagadas { $count } salas vazias de que não cuido
    }:
rooms-cleanup-done = Apagadas: { $done }, falhas: { $failed }.
rooms-cleanup-invited = Não mexo nestas, porque há convites pendentes:
rooms-cleanup-invited-one = { $room } (convites: { $people })
rooms-cleanup-with = Para apagar também estas, no servidor: `equipemed-bot rooms cleanup --with-invitations`
rooms-cleanup-none = Não há salas vazias para limpar.

adopt-preview = { $room } passaria a ser a sala { $key }.
adopt-instead = { $room }, que ocupa esse lugar agora, ficaria fora dos meus cuidados. O endereço passaria para a outra;
    o nome e os participantes ficariam: renomeie ou feche essa sala no seu aplicativo.
adopt-invited = Fui convidado para ela e entraria ao assumi-la.
adopt-open = Qualquer pessoa pode entrar nela, e eu entraria ao assumi-la.
adopt-observe = Ainda não estou nessa sala e, no modo observe, não aceito convites. `--dry-run` mostra o que mudaria; para
    assumi-la é preciso o modo enforce.
adopt-done = { $room } agora é a sala { $key }.
adopt-done-before = Essa já é a sala { $key }.
adopt-failed = Não consegui assumi-la: { $detail }
adopt-unknown-key = A configuração não tem a sala { $key }. Inclua-a lá primeiro.
adopt-control-room = A sala de controle não pode ser outra sala.
adopt-absent = A sala { $id } não existe neste servidor.
adopt-has-key = Essa já é a sala { $key }, e uma sala só pode ser uma.
adopt-key-has-room = { $key } já tem uma sala: { $room }. No servidor, `rooms adopt … --instead` põe outra no lugar dela.
adopt-encrypted = Essa sala é criptografada. Isso não se desfaz, e eu não poderia moderar nela. Use uma sala nova.
adopt-wrong-kind = Uma é um espaço e a outra, uma sala.
adopt-replaced = Essa sala foi substituída por outra.
adopt-not-invited = Não estou nessa sala e ninguém me convidou. Convide { $bot } para ela, dê-lhe o nível 100 e peça de novo.
adopt-beyond-reach = Nessa sala eu não poderia rebaixar nem remover { $people }; por isso não dá para assumi-la daqui.
    No servidor: `rooms adopt … --accept-creators NOME`
adopt-who-made-it = { $user }, que a criou
adopt-who-stands = { $user }, no nível { $level }
adopt-everybody-beyond-reach = Nessa sala todos estão no nível { $default } e eu, no { $own }. Diminua o nível padrão dela e peça de novo.
adopt-too-low = Meu nível nessa sala é { $has } e preciso de { $needs }. Dê esse nível a { $bot } nela e peça de novo.

replace-preview = Uma sala nova tomaria o lugar de { $room }: mesmo nome, configurações, endereço e espaço, para { $members ->
        [one] 1 pessoa
       *[other] { $members } pessoas
    } pela regra. O que já foi dito fica na antiga.
replace-sound = Não há nada de errado com a atual.
replace-is-encrypted = A atual está criptografada.
replace-is-replaced = A atual foi substituída manualmente; as pessoas foram levadas para { $by }, de que não cuido.
replace-is-left = Não estou mais na atual.
replace-is-unreadable = Não consigo ler a atual; talvez tenha sido apagada: { $detail }
replace-closes = A atual seria encerrada e indicaria a nova.
replace-stays = Não consigo encerrar a atual: ela fica como está.
replace-done = { $room }: a sala nova tomou o lugar da antiga.
replace-failed = Não consegui substituí-la: { $detail }
replace-no-room = { $key } ainda não tem sala: a próxima sincronização a cria.
room-moved = **Esta sala foi encerrada.** A conversa continua em { $room }; quem faz parte entra ou recebe convite em instantes.

audit-intro = { $count ->
        [one] O último registro
       *[other] Os últimos { $count } registros
    }, do mais novo ao mais antigo:
audit-none = Não há nenhum registro.
audit-line = { $id }: { $when }, { $kind }, { $subject }: { $outcome } ({ $actor })
audit-line-detail = { $id }: { $when }, { $kind }, { $subject }: { $outcome }, { $detail } ({ $actor })
footer-audit = Auditoria: { $id }
audit-levels = { $room }: { $list }
audit-level = { $user } para o nível { $level }
audit-level-usual = { $user } para o nível de todos
audit-levels-more = mais { $count }
audit-in-room = { $user } na sala { $room }
