# Single words, looked up by their name in the code, and what puts things together.

list-next = { $before }, { $item }
list-or = { $before } or { $item }
list-phrase = { $before }; { $item }
list-last = { $before } and { $item }

# What a rank gives; placed after “has”.
rank-moderator = level 50 (moderator)
rank-admin = level 100 (administrator)
rank-level = level { $level }

# Reasons why something is held.
held-directory-shrank = EquipeMed had { $before } people at the last read and has { $now } now
held-accounts-missing = { $people } of { $of } accounts are no longer on Synapse and would be made again
held-many-locked = { $people } of { $of } active people would be locked or deactivated within 24 hours{ $went ->
        [0] {""}
       *[other] {" "}({ $went } of them already done)
    }
held-many-removed = { $people } of { $of } members would be removed from the room { $room } within 24 hours{ $went ->
        [0] {""}
       *[other] {" "}({ $went } of them already done)
    }
held-rule-matches-nobody = the rule of the room { $room } suddenly covers nobody
held-nobody-selected = the selection for Matrix (users.who) suddenly covers nobody, and { $people } people have accounts
held-many-gain = { $people } people would gain administrator power within 24 hours{ $went ->
        [0] {""}
       *[other] {" "}({ $went } of them already done)
    }
held-many-deactivated = { $people } accounts would be deactivated for good within 24 hours{ $went ->
        [0] {""}
       *[other] {" "}({ $went } of them already done)
    }
held-many-joined = { $people } people would be added to the room { $room }, which has { $of } members, within 24 hours{ $went ->
        [0] {""}
       *[other] {" "}({ $went } of them already done)
    }
held-rotation = { $out } of { $of } members would be removed from the room { $room } and { $into } people added within 24 hours
held-many-gain-lesser = { $people } people would gain level 50 or rights within 24 hours{ $went ->
        [0] {""}
       *[other] {" "}({ $went } of them already done)
    }
held-many-lose = { $people } people would lose level 50 or more, or rights, within 24 hours{ $went ->
        [0] {""}
       *[other] {" "}({ $went } of them already done)
    }
held-last-administrator = nobody would be left who may approve everywhere and can sign in
held-shorter-retention = messages in the room { $room } would be kept for a shorter time, and older ones deleted
held-still-waiting = it was held before, and nobody has approved it since

# What comes behind a command, as in its usage.
placeholder =
    .EXTENT = how far back (`last 3` or `since 1h`)
    .WHO = a person (such as `ana.souza`)
    .ROOM = a room (such as `icu`; with a space in quotation marks)
    .ID = the code of what is held
    .CODE = the code of the preview (or a reply to it)
    .LEVEL = a level from 0 to 100, `moderator` or `admin`
    .COMMAND = the name of a command
    .TEXT = a part of the name
    .LINK = a link to a message
    .NAME = a name
    .SELECTOR = who is to be in it (such as `group: Plantão UTI`)
    .SPACE = a space
    .KEY = the room’s name in the configuration
    .N = a number
    .DURATION = one clear length of time (such as `30min`, `1h30` or `7d`)
    .MOMENT = a moment to come (such as `tomorrow 7h` or `friday`)
    .EMOJI = a reaction (such as 👍)
    .REASON = a reason

right =
    .redact = delete messages
    .kick = remove and mute people
    .ban = ban people
    .promote = give and take levels
    .lock = lock accounts
    .rooms = make and remove rooms
    .sync = synchronise
    .audit = see accounts and the audit
    .approve = approve

# What a grant gives or takes, and where: “banned from the room …”.
granted = { $kind } { $place }
grant-kind =
    .moderator = moderator
    .admin = administrator
    .level = a level
    .mute = no writing
    .kick = removed
    .ban = banned
    .lock = account locked
    .deactivate = account deactivated

standing =
    .active = with active access
    .off = without access for now
    .gone = no longer on the staff
    .unknown = of unknown status

# EquipeMed's status of a person, as EquipeMed calls it.
status =
    .active = active
    .expiring_soon = access ends soon
    .expired = access has ended
    .inactive = inactive
    .suspended = suspended
    .renewal_required = renewal needed
    .departed = left

account-state =
    .usable = active
    .locked = locked
    .suspended = suspended
    .shadow_banned = shadow-banned: nobody sees what it writes
    .deactivated = deactivated
    .none = none

user-status =
    .synced = in line
    .stale = not checked for a while
    .released = no longer selected for Matrix
    .never = no account yet
    .locked = locked
    .gone = no longer on the staff

phase =
    .waiting = waiting
    .reading = reading EquipeMed and Synapse
    .accounts = accounts
    .rooms = rooms
    .done = done

outcome =
    .done = done
    .already_so = already the case
    .skipped = skipped
    .failed = failed
    .unknown = not known
    .open = not known yet

action =
    .create_account = making an account
    .adopt_account = taking an account over
    .adopt_administrator = taking over the account of a Synapse administrator
    .release_account = letting an account go
    .set_display_name = changing a name
    .set_email = setting an e-mail address
    .link_external_id = linking an account to its sign-in
    .lock_account = locking an account
    .sign_out = signing an account out
    .unlock_account = unlocking an account
    .deactivate_account = deactivating an account
    .reactivate_account = reactivating an account
    .set_server_admin = changing server administration
    .note_privileges = noting rights
    .create_room = making a room
    .set_name = changing a room’s name
    .set_topic = changing a room’s topic
    .set_avatar = changing a room’s picture
    .set_alias = changing a room’s address
    .set_join_rule = changing who can enter
    .set_history = changing who can read the history
    .set_retention = changing how long messages are kept
    .set_parent = changing a room’s space
    .add_child = adding a room to a space
    .drop_child = taking a room out of a space
    .set_levels = changing levels
    .add_member = adding somebody to a room
    .remove_member = removing somebody from a room
    .ban_member = banning somebody
    .unban_member = lifting a ban
    .redact = deleting messages
    .redact_file = deleting a file that is not accepted
    .quarantine = making a deleted file unreachable
    .adopt_room = taking a room over
    .replace_room = replacing a room
    .leave_room = leaving a room
    .close_report = closing a report
    .read_room = reading a room
    .look_again = checking again
    .delete_room = deleting a room

# Files that are accepted.
file-kind =
    .text = text
    .audio = audio
    .image = images
    .pdf = PDF
    .video = videos
    .archive = compressed files
    .program = programs
    .office = office documents

# Files that are not accepted.
refused-file =
    .text = text of this type
    .audio = audio of this type
    .image = images of this type
    .pdf = PDF
    .video = videos
    .svg = SVG images
    .html = HTML pages
    .archive = compressed files
    .program = programs
    .office = office documents
    .other = files of this type
    .untyped = files without a known type
    .contradictory = files whose name and type do not match
    .encrypted = encrypted files

# What somebody changed by hand.
drift =
    .levels = the levels
    .member = who is in it
    .name = the name
    .topic = the topic
    .avatar = the picture
    .alias = the address
    .join_rule = who can enter
    .history = who can read the history
    .retention = how long messages are kept
    .parent = the space
    .child = the rooms of the space
    .encryption = the encryption
    .other = a setting

# What the bot may not do in a room; comes after “may not”.
power =
    .list_rooms = list rooms in the space
    .name_space = name the space
    .change_name = change the name
    .change_topic = change the topic
    .change_picture = change the picture
    .change_alias = change the alias
    .close = close the room
    .change_history = change who sees the history
    .change_retention = change the retention
    .change_levels = change levels
    .invite = invite people
    .remove = remove people
    .ban = ban people
    .unban = lift bans

# Who may come into a room.
join-rule =
    .public = everybody
    .invite = who is invited
    .knock = who is let in after knocking
    .restricted = members of a space
    .knock_restricted = members of a space, others after knocking
    .private = nobody

# Who asked, where it was nobody in a room.
asker =
    .by_hand = somebody by hand
    .operator = whoever runs the service
    .equipemed-bot = this service
    .setup = the setup

# What was changed by hand in accounts, before their names.
account-change =
    .locked = locked by hand
    .deactivated = deactivated by hand
    .unlocked = unlocked by hand
    .reactivated = reactivated by hand
    .admin_given = made a Synapse administrator by hand
    .admin_taken = taken off the Synapse administrators by hand
    .renamed = renamed by hand

# What becomes of it.
account-then =
    .put_back = I put that back.
    .kept = It stays so until EquipeMed takes the access away itself and gives it back, or `{ $prefix }unlock` or `{ $prefix }reactivate` ends it.
    .left = I change nothing.
