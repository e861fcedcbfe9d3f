# What is done to people and messages by command.

place-everywhere = everywhere
place-room = in the room { $room }

promoted = { $user } now has { $rank } { $place }.
promoted-until = { $user } now has { $rank } { $place }, until { $until }.
demoted = { $user } no longer has a level of their own { $place }.
demoted-until = { $user } has no level of their own { $place } until { $until }.
taken-back = { $user } no longer has what you gave { $place }. What they have there by the rules, or by somebody else, stays.
kicked = { $user } was removed from the room { $room }.
kicked-until = { $user } was removed from the room { $room } until { $until }.
banned = { $user } is banned { $place }.
banned-until = { $user } is banned { $place } until { $until }.
ban-record = Rooms: { $count }. Grant: { $id }.
unbanned = { $user } is no longer kept out { $place }. Lifted:
not-banned = { $user } is neither banned nor removed by command { $place }: there is nothing to lift.
ban-by-hand = the ban that { $by } set by hand in the room { $room }
still-out = { $user } is still kept out there, by what holds beyond that room and cannot be lifted for it alone: { $grant }. To lift it: { $command }
no-account-yet = { $user } has no account yet. I have noted it: it holds as soon as there is one.
ban-put-back = { $by } banned { $user } by hand in the room { $room } without the right to. I have lifted the ban.
ban-seen = { $by } banned { $user } by hand in the room { $room } without the right to. I have changed nothing.
muted = { $user } can no longer write { $place }.
muted-until = { $user } cannot write { $place } until { $until }.
unmuted = { $user } can write { $place } again.
locked = The account { $user } is locked. `{ $prefix }signout` ends its sessions too, as for a lost phone.
locked-until = The account { $user } is locked until { $until }.
unlocked = The account { $user } is unlocked.
signed-out = { $user } is signed out on every device. Whoever may still sign in can do so again: `{ $prefix }lock` prevents that.
deactivated = The account { $user } is deactivated.
deactivate-preview = The account { $user } would be deactivated: it is signed out everywhere and leaves all rooms.
    With `{ $prefix }reactivate` it comes back into the rooms that I manage; its direct chats are lost for good.
    To stop somebody for a while there is `{ $prefix }lock`.
reactivated = The account { $user } is usable again and comes back into its rooms.
still-locked = { $user } is locked by command as well, and stays so until { $command }.
still-deactivated = { $user } is deactivated by command as well, and stays so until { $command }.
still-off = { $user } cannot use the account yet: in EquipeMed the person is { $standing }.
    Once EquipeMed says active again, the account comes back by itself, with its rooms.
still-unknown = { $user } cannot use the account: EquipeMed does not know the person any more.
    Once it does, the account comes back by itself, with its rooms.
already-so = { $user }: it is so already, nothing had to be changed.
not-a-member = { $user } does not belong in the room { $room } now. I have noted it: it holds as soon as they do.
unmet-no-room = { $rooms }: there is no such room yet, so nothing was done there.
unmet-several = { $rooms }: more than one room has its key, so I use none of them until somebody chooses one.
unmet-deleted = { $rooms }: deleted on Synapse, so nothing was done there.
unmet-unreadable = { $rooms } could not be read, so I do not know how it is there: { $detail }. I have noted it and will look again.
unmet-replaced = { $rooms }: replaced by another room, so I change nothing there.
unmet-bot-out = { $rooms }: I am not in there, so I can do nothing there. Please invite me again.
unmet-out-of-reach = { $rooms }: for { $user } that takes more than level { $level }, and I have { $bot } there, so I cannot change it.
unmet-released = users.who does not select { $user } now: levels and rights by command do not count, and a deactivated account stays so.
    I have noted it: it holds once users.who selects the person again. Bans and locks hold all the same.
unmet-unclear = { $user }: EquipeMed does not say clearly how this person stands, so I change nothing until it does.
unmet-off = { $user } cannot use the account now. I have noted it: it holds as soon as they can.
unmet-not-yet = { $user }: it is not so yet { $rooms }. I have noted it and will look again.
grant-failed = It did not work: { $detail }
grant-waits = Synapse is not answering. I have noted it and will try again by myself.
grant-held = { $user }: this is held for approval as { $id }.
would-do = Nothing was done. This would happen:
undo-with = To undo this: { $command }

grants-intro = { $count ->
        [one] 1 grant holds now
       *[other] { $count } grants hold now
    }:
grants-none = Nothing was granted or forbidden by command.
grants-none-user = Nothing was granted to { $user } or forbidden by command.
grant-line = { $id }: { $user }, { $kind } { $place }, by { $asker } at { $when }
grant-line-until = { $id }: { $user }, { $kind } { $place }, by { $asker } at { $when }, until { $until }
with-reason = { $line } – reason: { $reason }

redacted = { $count ->
        [one] 1 message was deleted
       *[other] { $count } messages were deleted
    } in the room { $room }.
redact-partly = Only a part was deleted. Deleted: { $done }, failed: { $failed }.
redact-failed = Nothing was deleted: { $detail }
redact-progress = Deleting: { $done } of { $total }
redact-halted = Stopped. Deleted: { $done }, left as they are: { $left }, failed: { $failed }.
halt-how = To stop, reply to this with { $command }.
halt-nothing = There is nothing left to stop.
halted = { $count ->
        [one] Stopped: 1 thing is not done any more.
       *[other] Stopped: { $count } things are not done any more.
    }
redact-none = I found nothing to delete.
redact-already = That message is deleted already.
redact-not-a-message = That is no message or reaction, so it cannot be deleted.
redact-preview = { $count ->
        [one] 1 message
       *[other] { $count } messages
    } of { $user } in the room { $room } would be deleted, from { $oldest } to { $newest }.
redact-preview-unseen = What was asked for would be deleted in the room { $room }. You are not in that room, so I do not say what there is.
redact-preview-event = 1 message of { $user } in the room { $room } would be deleted.
# What everybody in the room reads beside a deleted message or a removal.