# Synchronisation, its held parts and their approval.

sync-started = I am comparing accounts and rooms with EquipeMed…
sync-progress = { $phase }: { $done } of { $total } steps…
sync-done = Done. Changed: { $done }, already the case: { $already }, skipped: { $skipped }, failed: { $failed }, to look at: { $findings }.
sync-nothing-but = There is nothing that I could change, but not all is in line with EquipeMed:
sync-nothing = There is nothing to change: all is in line with EquipeMed.
sync-failed = The synchronisation did not finish: { $detail }. I will try again.
sync-held = **Held { $id }:** { $reason } – { $count ->
        [one] 1 change
       *[other] { $count } changes
    }. It waits for `{ $prefix }approve { $id }`
sync-held-one-more = **Held { $id }:** { $reason } – { $count ->
        [one] 1 change
       *[other] { $count } changes
    }. One of two approvals is given. It waits for `{ $prefix }approve { $id }` by somebody else
sync-trouble = { $more ->
    [0] { $kind }, { $subject }: { $detail }
   *[other] { $kind }, { $subject } and { $more } more: { $detail }
}
sync-finding = To look at: { $detail }
waiting-for-other = A synchronisation is under way already; I will tell you what comes of it.
dry-run-intro = { $count ->
        [one] This would be 1 change
       *[other] These would be { $count } changes
    }; nothing is done:
dry-run-nothing = Nothing would change: all is in line with EquipeMed.
approved = Released { $id }: { $count ->
        [one] 1 change is
       *[other] { $count } changes are
    } being carried out.
not-held = Nothing is held as “{ $said }”. `{ $prefix }status` shows what is waiting.
approve-self = You would gain something by this yourself. Please let somebody else approve it.
approve-new = You did not have the right to approve yet at the last full synchronisation. Please let somebody else approve it.
approve-expired = { $id } was held for more than 24 hours and no longer holds. If it is still needed, it is held anew.
approve-closed = { $id } is settled: nothing of it needs to be done any more. Nothing was done. If it is needed again, I will say so.
approve-one-more = Your approval of { $id } counts. One more is needed, by somebody else; nothing is done before.
approve-outgrown = { $id } is not released: something was added since it was shown. It is { $now } now; look again, and then: `{
    $prefix }approve { $now }`
approve-changed = { $id } is not released: things have changed since it was shown. `{ $prefix }status` shows what is held now.

# A plan, kind by kind, with before and after.
plan-kind = **{ $action }** ({ $count })
plan-change = { $from } → { $to }
plan-subject-change = { $subject }: { $change }
plan-settings = { $count ->
        [one] 1 setting of the room
       *[other] { $count } settings of the room
    }
