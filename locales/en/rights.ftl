# When somebody may not do what was asked for.

refused-right = For this you need the right to **{ $right }**.
refused-right-room = For this you need the right to **{ $right }** in the room { $room }.
refused-gain-held = You were given the right to **{ $right }**, but that is held until somebody approves it.
refused-unknown = EquipeMed does not know this account, so I do nothing for it. Please ask the IT team.
refused-standing = Your access in EquipeMed is not active, so I do nothing for this account. Please ask the IT team.
refused-self = You cannot do this to yourself. Please ask a colleague.
refused-protected = { $user } is a protected account: nobody can change it from here.
refused-higher = { $user } has your level or a higher one, so you cannot do this.
refused-higher-room = { $user } has your level or a higher one in the room { $room }, so you cannot do this.
refused-above = You cannot give level { $level }: your own there is { $own }.
refused-above-room = You cannot give level { $level }: your own in the room { $room } is { $own }.
directory-away = I cannot read EquipeMed right now, so I cannot check your rights. Nothing was done: please try again in a few minutes.
observe = I am in observe mode: I look and report, and change nothing.
