# What is shown about people: user, users, why, whoami.

user-intro = { $user }
user-person = EquipeMed: { $name }, { $standing }
user-unbound = EquipeMed: nobody there has this account
user-account = Account: { $state }
user-no-account = Account: none yet
user-admin = Server administrator
user-not-selected = users.who does not select this person: no rooms, levels or rights; bans and locks by command hold
user-roles = Roles: { $list }
user-roles-none = Roles: none
user-rights = Rights { $place }: { $list }
user-rights-none = Rights: none
user-rooms = Rooms ({ $count }): { $list }
user-rooms-none = Rooms: none
user-devices = Signed in on Matrix: { $count ->
        [0] on no device
        [one] on 1 device
       *[other] on { $count } devices
    }
user-seen = Last seen on Matrix: { $when }
user-login = Last login to EquipeMed: { $when }
user-synced = Seen in line with EquipeMed: { $when }
user-grants = Granted or forbidden by command:

users-intro = { $count ->
        [one] 1 person
       *[other] { $count } people
    }:
users-line = { $user } – { $status }
users-line-devices = { $user } – { $status }; signed in on Matrix: { $count ->
        [0] on no device
        [one] on 1 device
       *[other] on { $count } devices
    }{ $seen ->
        [never] {""}
       *[at] , last seen { $when }
    }
users-none = No account fits.

whoami-intro = You are { $user }.
whoami-hint = With `{ $prefix }help` I show what you can ask me for.
