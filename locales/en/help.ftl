# Help: one short line for each command, and what is told about a single one.

help-intro = You can ask me for this:
help-intro-room = Here you can ask me for this; the rest works in the control room:
help-item = { $command } – { $effect }
help-more = More about one: `{ $prefix }help` and its name, as in `{ $prefix }help ban`.
help-reactions = ⏳ I am at it, ✅ all done, ⚠️ only a part, ❌ nothing done.

help-effect = { $command } { $effect }
help-time = **For a while:** add `for 2h`, `until tomorrow 7h` or `until friday`.
help-right = **Right needed:** { $right }
help-right-none = **Right needed:** none
help-also = **Also understood:** { $list }
help-undo = **Can it be undone?** { $undo }
help-where = **Where:** in the control room only
help-where-rooms = **Where:** in the control room and in every room that I manage

# What a command is for, as short as can be: two that undo each other share a line.
brief =
    .help = explains the commands
    .status = how I am, and what waits
    .whoami = who you are to me
    .confirm = confirms a preview
    .cancel = drops it
    .stop = stops what I am at
    .pause = stops automatic changes
    .resume = starts them again
    .sync = brings all in line with EquipeMed
    .approve = releases what is held
    .user = shows one account
    .users = many
    .why = why somebody is in a room, or not
    .grants = what was given or forbidden
    .audit = what was done, and by whom
    .promote = gives a level
    .demote = takes it away
    .redact = deletes messages
    .kick = removes from a room for a while
    .mute = stops somebody’s writing
    .unmute = lets them write
    .ban = keeps somebody out
    .unban = lets them in
    .lock = locks an account
    .unlock = unlocks it
    .signout = ends all sessions (lost phone)
    .deactivate = closes an account
    .reactivate = reopens it
    .rooms = lists, makes and cleans up rooms

# What a command does, after its name.
effect =
    .help = shows the commands, or how one of them is used.
    .status = shows how I am, and what is waiting.
    .whoami = shows who you are to me, and what you may do.
    .confirm = says yes to a preview.
    .cancel = says no to a preview.
    .stop = stops a command that I am still carrying out; the answer says what was done.
    .pause = stops all changes that I make by myself. What somebody asks for by command is still done.
    .resume = ends the pause.
    .sync = brings accounts and rooms in line with EquipeMed.
    .approve = releases a change that was held because it is large.
    .user = shows what I know about an account.
    .users = lists accounts.
    .why = explains why somebody is in a room, or is not.
    .grants = lists what was given or forbidden by command.
    .audit = shows what was done, when and by whom.
    .promote = gives somebody a level, with the rights that belong to it.
    .demote = takes level and rights away.
    .redact = deletes messages or reactions.
    .kick = removes somebody from a room for a while.
    .mute = lets somebody read in a room, and not write.
    .unmute = lets somebody write again.
    .ban = keeps somebody out of a room, or out of a space and its rooms, until it is lifted.
    .unban = lifts a ban or a removal, by command or by hand. Whoever belongs there comes back.
    .lock = locks an account: nobody can use it while that lasts. Its rooms stay, and so do its sessions.
    .unlock = unlocks an account.
    .signout = ends all sessions of an account, for example when a phone is lost. Whoever still has access can sign in again.
    .deactivate = deactivates an account for good: it leaves all rooms.
    .reactivate = brings a deactivated account back.
    .rooms = lists, counts, makes, replaces and cleans up rooms.

# How a command is typed, where its words alone do not show it.
examples =
    .stop = in reply to the command: `{ $prefix }stop`
    .pause = `{ $prefix }pause for 1h because maintenance`

        `{ $prefix }pause`, without an end
    .promote = `{ $prefix }promote ana.souza moderator in icu for 8h`

        `{ $prefix }promote ana.souza 30 in icu because night shift`

        `{ $prefix }promote ana.souza admin --dry-run`
    .demote = `{ $prefix }demote ana.souza in icu`

        `{ $prefix }demote ana.souza`, in all rooms
    .redact = in reply to the message: `{ $prefix }redact`

        `{ $prefix }redact ana.souza in icu last 3`

        `{ $prefix }redact ana.souza in icu since 1h because wrong patient`
    .kick = `{ $prefix }kick bruno.lima in icu for 2h`

        `{ $prefix }kick bruno.lima in icu because wrong room`
    .mute = `{ $prefix }mute bruno.lima in icu for 2h`

        `{ $prefix }mute bruno.lima because spam`, in all rooms
    .unmute = `{ $prefix }unmute bruno.lima in icu`
    .ban = `{ $prefix }ban bruno.lima in icu until friday`

        `{ $prefix }ban bruno.lima because spam`, from all rooms
    .unban = `{ $prefix }unban bruno.lima in icu`

        `{ $prefix }unban bruno.lima`, in all rooms
    .lock = `{ $prefix }lock bruno.lima for 8h`

        `{ $prefix }lock bruno.lima because lost phone`
    .signout = `{ $prefix }signout bruno.lima because lost phone`
    .sync = `{ $prefix }sync`, everybody and everything

        `{ $prefix }sync ana.souza`

        `{ $prefix }sync icu --dry-run`
    .users = `{ $prefix }users`

        `{ $prefix }users locked`

        `{ $prefix }users souza --devices`
    .why = `{ $prefix }why ana.souza`

        `{ $prefix }why ana.souza icu`
    .audit = `{ $prefix }audit`

        `{ $prefix }audit ana.souza`

        `{ $prefix }audit icu last 20`
    .rooms = `{ $prefix }rooms`

        `{ $prefix }rooms stats`

        `{ $prefix }rooms create "ICU visits" for group: Plantão UTI in hospital`

        `{ $prefix }rooms replace icu`

        `{ $prefix }rooms cleanup`

# Whether it can be undone, by command.
undo =
    .help = It changes nothing.
    .status = It changes nothing.
    .whoami = It changes nothing.
    .confirm = That depends on what you say yes to; the preview says it.
    .cancel = Yes: type the command again.
    .stop = No: what was done stays. Type the command again to do the rest.
    .pause = Yes, with `{ $prefix }resume`.
    .resume = Yes, with `{ $prefix }pause`.
    .sync = It only does what EquipeMed says; large changes wait for approval.
    .approve = No. What was released is done at once.
    .user = It changes nothing.
    .users = It changes nothing.
    .why = It changes nothing.
    .grants = It changes nothing.
    .audit = It changes nothing.
    .promote = Yes, with `{ $prefix }demote`.
    .demote = Yes, with `{ $prefix }promote`.
    .redact = No. A deleted message does not come back.
    .kick = Yes, with `{ $prefix }unban`. It also ends by itself, after 24 hours unless you say otherwise.
    .mute = Yes, with `{ $prefix }unmute`.
    .unmute = Yes, with `{ $prefix }mute`.
    .ban = Yes, with `{ $prefix }unban`.
    .unban = Yes, with `{ $prefix }ban`.
    .lock = Yes, with `{ $prefix }unlock`.
    .unlock = Yes, with `{ $prefix }lock`.
    .signout = No. People sign in again by themselves, if they may.
    .deactivate = Only in part: the account can be reactivated, its direct chats are lost.
    .reactivate = Yes, with `{ $prefix }deactivate`.
    .rooms = Lists change nothing; rooms that are cleaned up do not come back.
