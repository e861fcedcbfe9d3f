# What status shows.

status-intro = **EquipeMed bot { $version }**, running since { $since }
status-mode-enforce = Mode: enforce – I keep accounts and rooms in line with EquipeMed
status-mode-observe = Mode: observe – I look and report, and change nothing
status-last = Last full synchronisation: { $when }; changed: { $done }, failed: { $failed }, to look at: { $findings }
status-last-none = Last full synchronisation: none yet
status-last-failed = Last full synchronisation: { $when }, did not finish ({ $detail })
status-running = Synchronisation under way: { $phase }, { $done } of { $total } steps
status-next = Next full synchronisation: { $when }
status-next-off = Next full synchronisation: only when asked for
status-queue = Waiting: { $wakeups ->
        [one] 1 person or room
       *[other] { $wakeups } people and rooms
    } to check, { $deeds ->
        [one] 1 single task
       *[other] { $deeds } single tasks
    }
status-queue-empty = Waiting: nothing
status-reports = Open reports of messages: { $count }
status-held = Held until somebody approves: { $list }
status-held-one-more = { $id } (1 of 2 approvals, by { $by })
status-held-none = Held: nothing
status-findings = To look at ({ $count }):
status-synapse = Synapse: answers, version { $version }
status-synapse-away = Synapse: **does not answer** ({ $detail })
status-directory = EquipeMed: { $people ->
        [one] 1 person
       *[other] { $people } people
    } read at { $when }

paused = Paused by { $by } since { $since }. I change nothing by myself, only what somebody asks for here.
paused-until = Paused by { $by } until { $until }. I change nothing by myself, only what somebody asks for here.
paused-because = { $line } Reason: { $reason }
pause-how = To go on, type { $command }.
resumed = Going on. I am checking everything now.
not-paused = I am not paused.
