# Rooms and the audit.

rooms-intro = { $count ->
        [one] 1 room
       *[other] { $count } rooms
    } on this server, { $managed } of them managed by me:
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
rooms-space = { $line }, a space

stats-rooms = Rooms: { $rooms }, managed by me: { $managed }, spaces: { $spaces }
stats-accounts = Accounts: { $accounts }, active: { $active }
stats-people = People in EquipeMed: { $people }

rooms-create-preview = I would make the room “{ $name }” with { $members ->
        [one] 1 member
       *[other] { $members } members
    }.
rooms-created = The room { $room } is there ({ $key }), with { $members ->
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
rooms-cleanup-none = There are no empty rooms to clean up.
audit-intro = { $count ->
        [one] The last entry
       *[other] The last { $count } entries
    }, newest first:
audit-none = There is nothing on record.
audit-line = { $id }: { $when }, { $kind }, { $subject }: { $outcome } ({ $actor })
audit-line-detail = { $id }: { $when }, { $kind }, { $subject }: { $outcome }, { $detail } ({ $actor })
footer-audit = Audit: { $id }
