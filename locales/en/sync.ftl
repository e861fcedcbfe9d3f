# Synchronisation, its held parts and their approval.

sync-started = I am comparing Synapse with EquipeMed…
sync-progress = { $phase }: { $done } of { $total } steps…
sync-done = Done. Changed: { $done }, right already: { $already }, skipped: { $skipped }, failed: { $failed }, to look at: { $findings }.
sync-nothing-but = There is nothing that I could change, but not everything agrees with EquipeMed:
sync-nothing = There is nothing to change: Synapse agrees with EquipeMed.
sync-failed = The synchronisation did not come to its end: { $detail }. I will try again.
sync-held = **Held { $id }:** { $reason } ({ $count ->
        [one] 1 change
       *[other] { $count } changes
    }). It waits for `{ $prefix }approve { $id }`
sync-held-one-more = **Held { $id }:** { $reason } ({ $count ->
        [one] 1 change
       *[other] { $count } changes
    }). One of two consents is given. It waits for `{ $prefix }approve { $id }` by somebody else
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
dry-run-nothing = Nothing would change: Synapse agrees with EquipeMed.
approved = Released { $id }: { $count ->
        [one] 1 change is
       *[other] { $count } changes are
    } being carried out.
not-held = Nothing is held as “{ $said }”. `{ $prefix }status` shows what is waiting.
approve-self = You would gain something by this yourself. Please let somebody else approve it.
approve-new = You did not have the right to approve at the last full pass yet. Please let somebody else approve it.
approve-expired = { $id } was held for more than 24 hours and is no longer valid. It is held again when it is still due.
approve-closed = { $id } has ended: nothing of it is due any more. Nothing was done. Whatever comes to be due again is told anew.
approve-one-more = Your consent to { $id } counts. One more is needed, by somebody else; nothing is done before.
approve-outgrown = { $id } is not released: something was added since it was shown. It is { $now } now; look again: `{ $prefix }approve { $now }`
approve-changed = { $id } is not released: things have changed since it was shown. `{ $prefix }status` shows what is held now.

# A plan, kind by kind, with before and after.
plan-kind = **{ $action }** ({ $count })
plan-change = { $from } → { $to }
plan-subject-change = { $subject }: { $change }
plan-settings = { $count ->
        [one] 1 setting of the room
       *[other] { $count } settings of the room
    }
