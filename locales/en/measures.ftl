# What is done to people and messages by command.

# Where something holds, in each form that a sentence needs.
in-room = in the room { $room }
in-space = in the space { $room } and its rooms
in-all-rooms = in all rooms
in-any-space = in the space { $room } or its rooms
in-any-room = in any room
from-room = from the room { $room }
from-space = from the space { $room } and its rooms
from-all-rooms = from all rooms
until = , until { $time }

# What would be done, and what was done.
would-promote = { $user } would have { $rank } { $in }{ $until }.
promoted = { $user } now has { $rank } { $in }{ $until }.
would-demote = { $user } would no longer have a level of their own { $anywhere }{ $until }.
demoted = { $user } no longer has a level of their own { $anywhere }{ $until }.
would-take-back = { $user } would lose what you gave { $in }. What they have there by the rules, or by somebody else, would stay.
taken-back = { $user } no longer has what you gave { $in }. What they have there by the rules, or by somebody else, stays.
would-kick = { $user } would be removed { $from }{ $until }.
kicked = { $user } was removed { $from }{ $until }.
would-ban = { $user } would be banned { $from }{ $until }.
banned = { $user } is banned { $from }{ $until }.
would-unban = { $user } would be allowed { $in } again.
unbanned = { $user } is allowed { $in } again. Lifted:
not-banned = { $user } is neither banned nor removed by command { $anywhere }: there is nothing to lift.
would-mute = { $user } would no longer be able to write { $anywhere }{ $until }.
muted = { $user } can no longer write { $anywhere }{ $until }.
would-unmute = { $user } would be able to write { $in } again.
unmuted = { $user } can write { $in } again.
would-lock = The account { $user } would be locked{ $until }. Its sessions would stay: `{ $prefix }signout` ends them, as for a lost phone.
locked = The account { $user } is locked{ $until }. Its sessions stay: `{ $prefix }signout` ends them, as for a lost phone.
would-unlock = The account { $user } would be unlocked.
unlocked = The account { $user } is unlocked.
would-sign-out = { $user } would be signed out on every device. Whoever still has access could sign in again.
signed-out = { $user } is signed out on every device. Whoever still has access can sign in again: `{ $prefix }lock` prevents that.
would-deactivate = The account { $user } would be deactivated: signed out everywhere and out of all rooms.
    With `{ $prefix }reactivate` it comes back into the rooms that I manage; its direct chats are lost for good.
    To stop somebody for a while there is `{ $prefix }lock`.
deactivated = The account { $user } is deactivated.
would-reactivate = The account { $user } would be usable again and come back into its rooms.
reactivated = The account { $user } is usable again and comes back into its rooms.

ban-record = { $count ->
        [one] 1 room
       *[other] { $count } rooms
    }. Grant { $id }.
ban-by-hand = the ban from the room { $room } that { $by } set by hand
still-out = { $user } is still kept out there: this holds beyond that room and cannot be lifted for it alone: { $grant }. To lift it: { $command }
no-account-yet = { $user } has no account yet. I have noted it: it holds as soon as there is one.
ban-put-back = { $by } banned { $user } from the room { $room } by hand, without the right to. I have lifted the ban.
ban-seen = { $by } banned { $user } from the room { $room } by hand, without the right to. I have changed nothing.
still-locked = { $user } is locked by command as well. To end that: { $command }
still-deactivated = { $user } is deactivated by command as well. To end that: { $command }
still-off = { $user } cannot use the account yet: in EquipeMed the person is { $standing }.
    As soon as EquipeMed says active again, the account comes back by itself, with its rooms.
still-unknown = { $user } cannot use the account: EquipeMed does not know the person any more.
    As soon as it does, the account comes back by itself, with its rooms.
already-so = { $user }: that is already the case, nothing had to be changed.
not-a-member = { $user } does not belong { $in } now. I have noted it: it holds as soon as they do.
unmet-no-room = Nothing was done { $in }: it has not been made yet.
unmet-several = { $rooms }: there is more than one room for it, so I use none until somebody chooses one.
unmet-deleted = Nothing was done { $in }: it was deleted on Synapse.
unmet-unreadable = { $rooms } could not be read, so I do not know how it is there: { $detail }. I have noted it and will look again.
unmet-replaced = Nothing was done { $in }: another room took its place.
unmet-bot-out = Nothing was done { $in }: I am not in there. Please invite me again.
unmet-out-of-reach = { $rooms }: { $user } has too high a level there. It takes more than { $level }, and I have { $bot }.
unmet-released = { $user } is not selected for Matrix now (users.who): levels and rights by command do not count, and a deactivated account stays so.
    I have noted it: it holds once the person is selected again. Bans and locks hold all the same.
unmet-unclear = { $user }: EquipeMed does not say clearly how this person stands, so I change nothing until it does.
unmet-off = { $user } cannot use the account now. I have noted it: it holds as soon as they can.
unmet-not-yet = { $user }: not so yet { $in }. I have noted it and will look again.
grant-failed = It did not work: { $detail }
grant-waits = Synapse is not answering. I have noted it and keep trying by myself.
grant-held = { $user }: this waits for approval as { $id }.
would-do = Nothing was done. This would happen:
undo-with = To undo this: { $command }

grants-intro = { $count ->
        [one] 1 grant holds now
       *[other] { $count } grants hold now
    }:
grants-none = Nothing was given or forbidden by command.
grants-none-user = Nothing was given to { $user } or forbidden by command.
grant-line = { $id }: { $user }, { $what }, by { $asker } at { $when }{ $until }
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
redact-preview-unseen = What you asked for would be deleted in the room { $room }. You are not in it, so I do not say what there is.
redact-preview-event = 1 message of { $user } in the room { $room } would be deleted.
not-inside = { $user } is not { $place } now, so nobody was removed. They are kept out from now on.
noted = This is grant { $id }, without an end.
noted-until = This is grant { $id }, until { $until }.
