# What is told in the control room without being asked.

announce-held = **Held { $id }:** { $reason } – { $count ->
        [one] 1 change
       *[other] { $count } changes
    }. To release it: `{ $prefix }approve { $id }`
announce-held-two = **Held { $id }:** { $reason } – { $count ->
        [one] 1 change
       *[other] { $count } changes
    }. To release it, two different people: `{ $prefix }approve { $id }`
announce-held-closed = **Held { $id } is settled:** nothing of it needs to be done any more.
announce-powers-placed = Since the update I also keep where each right holds. { $count ->
        [one] 1 person keeps what they had
       *[other] { $count } people keep what they had
    }; nothing was changed.
drift-put-back = { $user } changed { $what } by hand in the room { $room } without the right to. I have put it back.
drift-came-back = { $user } left the room { $room } and belongs there. I have brought them back.
drift-seen = { $user } changed { $what } by hand in the room { $room } without the right to. I have changed nothing.
drift-fight = Repeated changes in the room { $room } ({ $what }) by { $user }. I leave it alone for { $minutes ->
        [one] 1 minute
       *[other] { $minutes } minutes
    }; please talk to each other.
accounts-changed = **Accounts were changed on Synapse by hand, not by me:**
account-changed = { $what }: { $users }. { $then }
account-changed-more = { $count } more
control-room-open = **The control room is not closed:** { $rule } may come in. Please close it: others may be reading along.
room-encrypted = **The room { $room } was encrypted.** I can no longer moderate there. To make a new one in its place: `{ $prefix }rooms replace { $key }`
stray-event = **My own account sent something that I did not write** ({ $kind } in the room { $room }). Somebody may have my token: change it.
brought-in-by = **{ $user } brought me into a room that I do not manage:** { $room }
brought-in-made = **I was brought into a room that I do not manage, made by { $user }:** { $room }
brought-in = **I was brought into a room that I do not manage:** { $room }
brought-room-named = “{ $name }” ({ $id })
brought-leaves = { $came }. I answer to nothing that is said there, and in an hour I leave it.
    To take it over before: `{ $prefix }rooms adopt { $id } as KEY`
brought-stays = { $came }. I answer to nothing that is said there. To take it over: `{ $prefix }rooms adopt { $id } as KEY`
file-redacted = { $user }, { $what } cannot be sent here, so I deleted the message. Accepted: { $accepted }.
file-redacted-any = { $user }, files cannot be sent here, so I deleted the message.
file-seen = { $user } sent a file in the room { $room } that is not accepted ({ $what }). I have changed nothing.
file-seen-paused = { $user } sent a file in the room { $room } that is not accepted ({ $what }). When the pause ends, I delete it.
file-stays = I could not delete a file of { $user } in the room { $room } that is not accepted: { $detail }
directory-gone = **I cannot read EquipeMed:** { $detail }. Nobody is locked or removed because of that; I keep trying and tell you
    when it works again.
directory-back = I can read EquipeMed again (it was away since { $since }) and am checking everything now.
announce-resumed = { $by } ended the pause. I am checking everything now.
announce-pause-over = The pause is over. I am checking everything now.

# What people report in their clients. What the reported message says is never shown.
report = **Report:** { $by } { $count ->
        [one] reports
       *[other] report
    } a message of { $sender } { $place }: { $link }
report-in-room = in the room { $room }
report-in-direct = in a direct chat, where I am not
report-in-other = in a room that I do not manage
report-sender-unknown = an unknown sender
report-reason = { $user } writes: “{ $reason }”
report-redact = To redact it: `{ $prefix }redact { $link } because …`
report-settle = Settled? React to this message with ✅, and I close it.
report-several = **Reports:** { $user } keeps reporting: { $count ->
        [one] 1 more message
       *[other] { $count } more messages
    } so far, which I do not show one by one.
report-ended = ✅ **Report closed.** { $count ->
        [one] 1 person had reported
       *[other] { $count } people had reported
    } a message of { $sender } { $place }. { $end }
report-several-ended = ✅ **Reports closed.** { $user } had reported { $count ->
        [one] 1 more message
       *[other] { $count } more messages
    }. { $end }
report-redacted = The message is redacted.
report-redacted-by = { $by } redacted the message.
report-settled = It is settled.
report-settled-by = { $by } says that it is settled.

# Told outside Matrix, by webhook or mail.
alarm-began = { $what } { $server } has been away since { $since }.
alarm-lasts = { $what } { $server } is still away, since { $since }.
alarm-ended = { $what } { $server } is back. It had been away since { $since }.
alarm-test = This is a trial of equipemed-bot’s alarm at { $server }. Nothing has happened.
alarm-what =
    .synapse = Synapse at
    .equipemed = EquipeMed’s database, as seen by equipemed-bot at
