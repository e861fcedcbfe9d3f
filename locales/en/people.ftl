# What is shown about people: user, users, why, whoami.

user-intro = { $user }
user-person = EquipeMed: { $name }, { $standing }
user-unbound = EquipeMed: nobody there has this account
user-account = Account: { $state }
user-no-account = Account: none yet
user-admin = Server administrator
user-roles = Roles: { $list }
user-roles-none = Roles: none
user-rights = Rights { $place }: { $list }
user-rights-none = Rights: none
user-level = Level { $level } { $place }
user-rooms = Rooms ({ $count }): { $list }
user-rooms-none = Rooms: none
user-seen = Last seen: { $when }
user-pushed = Last written by me: { $when }
user-pushed-never = Last written by me: never
user-grants = Granted or forbidden by command:

users-intro = { $count ->
        [one] 1 account
       *[other] { $count } accounts
    }:
users-line = { $user } – { $status }
users-line-when = { $user } – { $status }, { $when }
users-none = No account fits.

why-intro = Why { $user } is where they are:
why-intro-room = Why { $user } is in the room { $room }, or is not:
why-line = { $detail }
why-unknown = EquipeMed knows nobody with the account { $user }, so I manage nothing about it.

whoami-intro = You are { $user }.
whoami-person = In EquipeMed: { $name }, { $standing }
whoami-unknown = EquipeMed does not know this account.
whoami-hint = With `{ $prefix }help` I show what you can ask me for.
