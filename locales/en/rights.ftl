# When somebody may not do what was asked for.

refused-right = For this you need the right to **{ $right }**.
refused-right-room = For this you need the right to **{ $right }** in the room { $room }.
refused-gain-held = You were given the right to **{ $right }**, but that is held until somebody approves it.
refused-unknown = EquipeMed does not know this account, so I do nothing for it. The IT team can help.
refused-standing = Your access in EquipeMed is not active, so I do nothing for this account. The IT team can help.
refused-self = You cannot do this to yourself. Please ask a colleague.
refused-protected = { $user } is a protected account: nobody can change it from here.
refused-higher = { $user } stands as high as you or higher, so you cannot do this.
refused-higher-room = { $user } stands as high as you or higher in the room { $room }, so you cannot do this.
refused-above = You cannot give level { $level }: you have level { $own } there yourself.
refused-above-room = You cannot give level { $level }: you have level { $own } in the room { $room } yourself.
directory-away = I cannot read EquipeMed right now, so I cannot check your rights. Nothing was done: please try again in a few minutes.
observe = I am in observe mode: I look and report, and change nothing.
