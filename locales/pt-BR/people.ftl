# O que se mostra sobre pessoas: user, users, why, whoami.

user-intro = { $user }
user-person = EquipeMed: { $name }, { $standing }
user-unbound = EquipeMed: ninguém tem esta conta
user-account = Conta: { $state }
user-no-account = Conta: ainda não existe
user-admin = Administra o servidor
user-not-selected = users.who não inclui esta pessoa: sem salas, níveis nem direitos; banimentos e bloqueios por comando valem
user-roles = Funções: { $list }
user-roles-none = Funções: nenhuma
user-rights = Direitos { $place }: { $list }
user-rights-none = Direitos: nenhum
user-rooms = Salas ({ $count }): { $list }
user-rooms-none = Salas: nenhuma
user-devices = Conectada no Matrix: { $count ->
        [0] em nenhum aparelho
        [one] em 1 aparelho
       *[other] em { $count } aparelhos
    }
user-seen = Visto(a) por último no Matrix: { $when }
user-login = Último acesso ao EquipeMed: { $when }
user-synced = Conferida com o EquipeMed: { $when }
user-grants = Concedido ou proibido por comando:

users-intro = { $count ->
        [0] Ninguém
        [one] 1 pessoa
       *[other] { $count } pessoas
    }:
users-line = { $user } – { $status }
users-line-devices = { $user } – { $status }; conectada no Matrix: { $count ->
        [0] em nenhum aparelho
        [one] em 1 aparelho
       *[other] em { $count } aparelhos
    }{ $seen ->
        [never] {""}
       *[at] , última atividade { $when }
    }
users-none = Nenhuma conta corresponde.

whoami-intro = Você é { $user }.
whoami-hint = Com `{ $prefix }help` mostro o que você pode me pedir.
