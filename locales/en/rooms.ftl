# Rooms and the audit.

rooms-intro = { $count ->
        [one] 1 room
       *[other] { $count } rooms
    } on this server; managed by me: { $managed }
rooms-none = There are no rooms on this server.
rooms-line = { $room } – { $members ->
        [one] 1 member
       *[other] { $members } members
    }
rooms-line-managed = **{ $room }** ({ $key }) – { $members ->
        [one] 1 member
       *[other] { $members } members
    }
rooms-encrypted = { $line }, encrypted
rooms-gone = { $line }, deleted on Synapse
rooms-space = { $line }, a space

stats-rooms = Rooms: { $rooms }, managed by me: { $managed }, spaces: { $spaces }
stats-accounts = Accounts: { $accounts }, active: { $active }
stats-people = People in EquipeMed: { $people }

rooms-create-preview = I would make the room “{ $name }” with { $members ->
        [one] 1 member
       *[other] { $members } members
    }.
rooms-created = The room { $room } was made, with { $members ->
        [one] 1 member
       *[other] { $members } members
    }.
rooms-create-exists = There is a room called { $room } already.
rooms-create-nobody = Nobody fits “{ $said }”, so I made no room.
rooms-create-failed = The room could not be made: { $detail }
rooms-cleanup-preview = { $count ->
        [one] 1 empty room that I do not manage would be deleted
       *[other] { $count } empty rooms that I do not manage would be deleted
    }:
rooms-cleanup-done = Deleted: { $done }, failed: { $failed }.
rooms-cleanup-invited = Left alone, because somebody is invited there:
rooms-cleanup-invited-one = { $room } (invited: { $people })
rooms-cleanup-with = To delete these as well, on the server: `equipemed-bot rooms cleanup --with-invitations`
rooms-cleanup-none = There are no empty rooms to clean up.

adopt-preview = { $room } would become the room { $key }.
adopt-instead = { $room }, which has that place now, would no longer be managed. Its address would go to the other one;
    its name and members would stay: rename or close it in your client.
adopt-invited = I am invited there, and would go in when taking it over.
adopt-open = Everybody may join there, and I would when taking it over.
adopt-observe = I am not in that room yet, and in observe mode I take no invitation. `--dry-run` shows what would change; taking
    it over needs mode enforce.
adopt-done = { $room } is now the room { $key }.
adopt-done-before = That is the room { $key } already.
adopt-failed = I could not take it over: { $detail }
adopt-unknown-key = The configuration names no room { $key }. Add it there first.
adopt-control-room = The control room cannot be another room.
adopt-absent = There is no room { $id } on this server.
adopt-has-key = That is the room { $key } already, and a room can be only one.
adopt-key-has-room = { $key } has a room already: { $room }. On the server, `rooms adopt … --instead` puts another one in its place.
adopt-encrypted = That room is encrypted. Nothing can undo that, and I could not moderate there. Use a new room.
adopt-wrong-kind = One is a space and the other a room.
adopt-replaced = That room was replaced by another one.
adopt-not-invited = I am not in that room, and nobody invited me. Invite { $bot } there, give it level 100, and ask again.
adopt-beyond-reach = In that room I could neither lower nor remove { $people }, so it cannot be taken over from here. On the
    server: `rooms adopt … --accept-creators NAME`
adopt-who-made-it = { $user }, who made it
adopt-who-stands = { $user } at level { $level }
adopt-everybody-beyond-reach = In that room everybody stands at level { $default }, and I at { $own }. Lower the default level there and ask again.
adopt-too-low = I stand at level { $has } in that room and need { $needs }. Give { $bot } that level there and ask again.

replace-preview = A new room would take the place of { $room }: same name, settings, address and space, for { $members ->
        [one] 1 person
       *[other] { $members } people
    } by the rule. What was said so far stays in the old one.
replace-sound = Nothing is wrong with the present one.
replace-is-encrypted = The present one is encrypted.
replace-is-replaced = The present one was upgraded by hand; people were sent to { $by }, which I do not manage.
replace-is-left = I am not in the present one any more.
replace-is-unreadable = The present one cannot be read; it may be deleted: { $detail }
replace-closes = The present one would be closed and name the new one.
replace-stays = I cannot close the present one: it stays as it is.
replace-done = { $room }: the new room has taken the place of the old one.
replace-failed = I could not replace it: { $detail }
replace-no-room = { $key } has no room yet: the next synchronisation makes it.
room-moved = **This room is closed.** It goes on in { $room }; whoever belongs there is brought in or invited in a moment.

audit-intro = { $count ->
        [one] The last entry
       *[other] The last { $count } entries
    }, newest first:
audit-none = There is nothing on record.
audit-line = { $id }: { $when }, { $kind }, { $subject }: { $outcome } ({ $actor })
audit-line-detail = { $id }: { $when }, { $kind }, { $subject }: { $outcome }, { $detail } ({ $actor })
footer-audit = Audit: { $id }
audit-levels = { $room }: { $list }
audit-level = { $user } to level { $level }
audit-level-usual = { $user } to everybody's level
audit-levels-more = { $count } more
audit-in-room = { $user } in the room { $room }
