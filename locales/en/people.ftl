# What is shown about people: user, users, why, whoami.

user-intro = { $user }
user-person = EquipeMed: { $name }, { $standing }
user-unbound = EquipeMed: nobody has this account
user-account = Account: { $state }
user-no-account = Account: none yet
user-admin = Synapse administrator
user-not-selected = Not selected for Matrix (users.who): no rooms, levels or rights; bans and locks by command hold
user-roles = Roles: { $list }
user-roles-none = Roles: none
user-rights = Rights { $place }: { $list }
user-rights-none = Rights: none
user-rooms = Belongs in { $count ->
        [one] 1 room
       *[other] { $count } rooms
    }: { $list }
user-rooms-none = Rooms: none
user-devices = Matrix: { $count ->
        [0] signed in on no device
        [one] signed in on 1 device
       *[other] signed in on { $count } devices
    }
user-seen = Last active on Matrix: { $when }
user-login = Last login to EquipeMed: { $when }
user-synced = Checked against EquipeMed: { $when }
user-grants = Given or forbidden by command:

users-intro = { $count ->
        [one] 1 person
       *[other] { $count } people
    }:
users-line = { $user } – { $status }
users-line-devices = { $user } – { $status }; { $count ->
        [0] no device
        [one] 1 device
       *[other] { $count } devices
    }{ $seen ->
        [0] {""}
       *[other] , last active { $when }
    }
users-none = I found no such account.

whoami-intro = You are { $user }.
whoami-hint = `{ $prefix }help` shows what you can ask me for.
