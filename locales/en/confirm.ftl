# Previews that wait for a yes, and commands that came late.

preview-intro = Please look at this before I do it ({ $count ->
        [one] 1 change
       *[other] { $count } changes
    }):
confirm-how = To go on, react to this message with ✅ or type `{ $prefix }confirm { $code }` within { $minutes ->
        [one] 1 minute
       *[other] { $minutes } minutes
    }. Otherwise nothing happens.
confirm-wrong = I do not know the code “{ $said }”.
confirm-nothing = That message is no preview of mine, or only a part of one. Reply to the one that says how to confirm, or type its code.
confirm-expired = That no longer holds: it took too long or was cancelled. Nothing was done. Please type the command again.
confirm-used = That was confirmed already.
cancelled = All right, nothing was done.
confirm-not-yours = Only { $user }, who asked for it, can confirm this.
confirm-changed = Things have changed since the preview, so nothing was done. Please type the command again.
late = This command was sent { $minutes ->
        [one] 1 minute
       *[other] { $minutes } minutes
    } ago, while I was away. To be safe I have done nothing: please type it again if it is still wanted.
time-is-over = The time that you gave ended at { $until }, before I could do anything. Nothing was done.
sums-beyond = With this it would be { $people } people { $what } by you within 24 hours. Up to { $limit } you decide alone; beyond
    that somebody else has to agree.
sums-who = That can be { $list }.
sums-nobody = Nobody else has the right to approve at present. Whoever runs the service can do it on the server, with `equipemed-bot grants add`.
sums-how = They react to this message with ✅ or type `{ $prefix }confirm { $code }` within { $minutes ->
        [one] 1 minute
       *[other] { $minutes } minutes
    }. Otherwise nothing happens.
sums-not-alone = That is more than one person may order within a day: somebody else with the right to approve has to confirm it.
sum =
    .locked = locked or deactivated
    .deactivated = deactivated
    .signed_out = signed out
    .removed = removed
    .entrusted = given level 100, or the right to approve or promote
    .empowered = given level 50 or more, or rights
    .lowered = with a lower level
sum-in-room = { $what } from the room { $room }
confirm-removed = That preview was deleted, so nobody can say yes to it any more. Nothing was done. Please say the command again.
