# O que se mostra sobre pessoas: user, users, why, whoami.

user-intro = { $user }
user-person = EquipeMed: { $name }, { $standing }
user-unbound = EquipeMed: ninguém tem esta conta
user-account = Conta: { $state }
user-no-account = Conta: ainda não existe
user-admin = Administra o servidor Synapse
user-not-selected = Fora da seleção para o Matrix (users.who): sem salas, níveis nem direitos; banimentos e bloqueios por comando valem
user-roles = Funções: { $list }
user-roles-none = Funções: nenhuma
user-rights = Direitos { $place }: { $list }
user-rights-none = Direitos: nenhum
user-rooms = Faz parte de { $count ->
        [one] 1 sala
       *[other] { $count } salas
    }: { $list }
user-rooms-none = Salas: nenhuma
user-devices = Matrix: { $count ->
        [0] nenhum aparelho conectado
        [one] 1 aparelho conectado
       *[other] { $count } aparelhos conectados
    }
user-seen = Última atividade no Matrix: { $when }
user-login = Último acesso ao EquipeMed: { $when }
user-synced = Conferido com o EquipeMed: { $when }
user-grants = Dado ou proibido por comando:

users-intro = { $count ->
        [0] Ninguém
        [one] 1 pessoa
       *[other] { $count } pessoas
    }:
users-line = { $user } – { $status }
users-line-devices = { $user } – { $status }; { $count ->
        [0] nenhum aparelho
        [one] 1 aparelho
       *[other] { $count } aparelhos
    }{ $seen ->
        [0] {""}
       *[other] , última atividade { $when }
    }
users-none = Não encontrei nenhuma conta assim.

whoami-intro = Você é { $user }.
whoami-hint = `{ $prefix }ajuda` mostra o que você pode me pedir.
