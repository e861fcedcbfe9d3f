# Why something did not happen: one text for each fault that can be passed on or stored.

# Synapse.
fault-not-found = Synapse does not know it: { $why }
fault-refused = Synapse refused with { $status } { $errcode }: { $why }
fault-taken = the external id belongs to { $user }
fault-another-account = another account
fault-limited = Synapse limits the rate of requests; is `rate_limited: false` in the registration file?
fault-unreachable = Synapse cannot be reached: { $why }
fault-maybe-done = no clear answer from Synapse, the change may have been made: { $why }
fault-not-matrix = the answer is not that of a Matrix homeserver ({ $why }); check homeserver.url and the proxy before it
fault-unknown-token = Synapse does not know the as_token: name the registration file in app_service_config_files of homeserver.yaml
    and restart Synapse
fault-not-admin = the bot is not a server administrator: run `equipemed-bot setup`
fault-delegated = a Matrix Authentication Service keeps the accounts of this homeserver: that is not supported yet
fault-not-ours = the event is not a message or reaction of the bot's own
fault-cancelled = stopped while waiting for Synapse
fault-overtaken = this process may not make changes any more; another one may have taken over
fault-nonsense = Synapse's answer makes no sense: { $why }
no-answer-proxy = answered { $status } without a Matrix error, as a proxy does
fault-no-matrix-error = answered { $status } without a Matrix error
fault-no-json = a success that is not JSON
fault-no-versions = JSON without versions
fault-odd-json = unexpected JSON at line { $line } column { $column }
no-answer-in-time = no answer in time
no-answer-connection-in-time = no connection in time
no-answer-connection = no connection: { $why }
no-answer-unreachable = unreachable: { $why }
fault-levels-full = the room's level event is full
fault-no-account = no account { $user }
fault-no-event = no such event in that room
fault-no-room = its list of rooms does not have it
fault-people-invited = { $people } got an invitation since the room was shown; it was left alone
fault-people-inside = { $count } people are in the room now; it was left alone
fault-deletion-endless = the deletion does not come to its end
no-answer-refused = refused with { $status } { $errcode }
no-answer-limited = rate-limited
fault-no-create = a room without m.room.create
fault-odd-creator = a creator without a valid id
fault-wants-interaction = asks for interactive authentication
fault-not-put-together = the request could not be put together: { $why }
fault-no-room-version = { $version } is no room version
fault-account-appeared = { $user } did not exist; the change made the account
fault-foreign-list = { $user } of another server is in its list of accounts
fault-list-without-bot = the bot itself is not in its list of accounts
fault-odd-form = unexpected form of a success

# EquipeMed.
fault-roster-unreadable = cannot read { $file }: { $why }; check that the file exists and the service may read it
fault-roster-half = { $file } is not complete: { $why }
fault-database-away = EquipeMed's database does not answer: { $why }; check that it runs and that directory.url leads to it
fault-database-refuses = EquipeMed's database refuses the service: { $why }; check user, password and database in directory.url
fault-data-forbidden = EquipeMed's data may not be read: { $why };
    `equipemed-bot directory install-triggers --print` shows the grants that are needed
fault-database-odd = EquipeMed's database is not as expected: { $why }; check directory.prefix, or write directory.query for it
fault-column = EquipeMed's data: column { $column } { $why }
fault-column-null-id = is null; it is the person's primary key
fault-column-null = is null for somebody; write coalesce({ $column }, false)
fault-column-missing = is missing; directory.query must give it (docs/EQUIPEMED.md lists all columns)
fault-column-type = is of type { $type }, expected { $why }
fault-column-unread = cannot be read
fault-nobody = EquipeMed's database gives nobody: no person at all is never believed;
    check that directory.url leads to the right database
fault-database-failed = EquipeMed's database failed: { $why }
fault-no-answer-within = no answer within { $seconds } s
fault-no-connection-within = no connection within { $seconds } s
fault-slow-read = a read of people took longer than { $seconds } s
fault-busy = it is busy
fault-no-select = no SELECT on { $tables }
fault-hear-no-answer = no answer to a connection for notifications
fault-hear-lost = the connection for notifications was lost
fault-hear-silent = the connection for notifications does not answer

# The service's own database.
fault-store-bad-url = database.url ({ $url }) cannot be used: { $why }
fault-store-unreachable = cannot reach the database { $database }: { $why }
fault-store-refused = the database { $database } refuses the login: { $why }. Check user, password and database name in database.url
    and the server's pg_hba.conf
fault-store-not-writable = cannot write to { $path }: { $why }. { $fix }
fault-store-of-user = { $path } belongs to the user { $owner }, and root would leave files beside it that the service cannot write.
    Run it as that user, as the installed command does: runuser -u { $owner } -- equipemed-bot …
fault-store-busy = the database { $database } is busy: { $why }
fault-store-nonsense = the store holds what makes no sense: { $column } of row { $row }: { $why }
fault-store-migration = the tables of { $database } cannot be brought up to date: { $why }. { $fix }
fault-store-unstorable = a value cannot be stored: { $why }
fault-store-failed = the database { $database } failed: { $why }
fault-store-no-connection = no connection became free in time
fault-store-closed = the store is closed
fault-store-damaged = the file is damaged, restore a backup: { $why }
fault-fix-standby = It is a standby or read-only: point database.url at the primary
fault-fix-owner = Make the service's role the owner of its database: alter database … owner to …
fault-fix-space = Free some space on the database server
fault-fix-disk = The disk is full: free some space
fault-fix-folder = The service's user needs to own the file and its folder, because SQLite keeps two more files beside it:
    chown both, or point database.url elsewhere

# A pass and its steps.
fault-account-existed = { $user } was there already, and was not made here
fault-account-not-made = the account { $user } could not be made
fault-room-not-made = room { $room } could not be made
fault-key-twice = there are several rooms for { $room }: the next synchronisation names them
fault-alias-of-other = the alias { $alias } belongs to the room { $id }, which is in use: give room { $room } another alias, or that room.
    If it is the room that is meant: `equipemed-bot rooms adopt { $id } { $key }`
fault-alias-of-other-control = the alias { $alias } belongs to the room { $id }, which is in use: give the control room another
    alias in the configuration, or that room
fault-picture-unreadable = the picture { $path } cannot be read: { $why }
fault-encrypts = Synapse encrypts new rooms by itself, and in an encrypted room nothing can be moderated: the new one was deleted again, and no other is made.
    Set `encryption_enabled_by_default_for_room_type: "off"` in homeserver.yaml, restart Synapse and run `equipemed-bot setup`
fault-file-of-another = somebody else uploaded the file, so it stays reachable
fault-file-elsewhere = another server keeps the file
fault-file-protected = an administrator has protected the file, so it stays reachable
fault-file-accepted = the file itself is accepted, so it stays reachable
fault-file-told = files that are not accepted are only reported now, not deleted
fault-stays-yet = the bot was brought there anew
fault-stays-managed = it was adopted
fault-stays-gone = the bot was taken out of it
fault-stays-ours = the bot itself made or marked it
fault-stays-follows = it follows the room { $room }
fault-left-synapse = Synapse was away; it is tried again
fault-no-address = EquipeMed has no address any more
fault-left-database = the database was away; it is tried again
fault-left-stop = the service was stopped; it is tried again
fault-others-note = another process notes other people all the time; is it on the same EquipeMed?
fault-not-held = nothing is held as { $id }: it was done, has expired, changed, or never was;
    `sync --dry-run` shows what is held now
fault-clock = the system's clock is wrong: it is past the last date that there is
fault-others-change = others change the same all the time; it is looked at again
fault-process-ended = the process that was at it ended
fault-interrupted-synapse = interrupted: Synapse went away
fault-interrupted-database = interrupted: the database went away
fault-interrupted-stop = interrupted: the service was stopped
fault-other-took-over = another process took over; this one stops before it writes anything more
fault-stopped = stopped
fault-run-gone = the run disappeared from the store
fault-deed-gone = a deed disappeared from the store

# What became of a command.
fault-not-done = it was not done
fault-partly = a part was not done
fault-unclear = it was not clear
fault-not-identified = whom or what it is about was not found
fault-paused = the service is paused; resume it first
fault-interrupted-pause = interrupted: the service was paused
fault-left-pause = left as it is: the service was paused
fault-halted = it was stopped before
fault-late = it came late
fault-directory-away = EquipeMed could not be read
fault-something-added = something was added to it
fault-control-room-not-configured = the configuration names no control room
fault-control-room-none-before = the bot made no control room before: leave --control-room out
fault-control-room-another = the control room is { $id } already, and not { $chosen }: leave --control-room out
fault-control-room-not-made = no room was made; run setup again: { $why }
fault-refusal = refused: { $why }

# What something is about.
topic-account = account { $user }
topic-room = room { $room }
topic-steps = { $count } steps
fault-not-locked = the account could not be locked; what follows from that waits
topic-member = { $user } in room { $room }
fault-got-account = the person got an account meanwhile; look again

# The whole list of what can be wrong with a roster, a column or the database's address.
half-not-utf8 = it is not UTF-8 after byte { $byte }; wait until it is written, or save it as UTF-8
half-empty = it is empty; wait until it is written, or list people under `people:`
half-changed = it changed while it was read; it is read again soon
half-count = it lists { $found } people but says count: { $stated }; wait until it is written, or correct the count
directory-no-address = directory.url is no address of a database
directory-in-query = { $said } in directory.query
directory-not-stored = a change was heard and could not be stored
directory-setup-in-use = EquipeMed's tables were in use for more than { $seconds } s; nothing was changed, run it again
directory-setup-refused = the database refused, and nothing was changed: { $said }
directory-setup-no-address = EQUIPEMED_ADMIN_URL, the administrator's address, is no address of a database
directory-setup-no-connection = there is no connection to EQUIPEMED_ADMIN_URL, the administrator's address: { $said }
directory-setup-reading-role = { $role } is the role in directory.url, which may only read;
    use an administrator of EquipeMed's database
column-value = is not { $why }
column-cast = { $what }; write { $column }::{ $type }
column-type =
    .number = a whole number (smallint, integer or bigint)
    .text = text
    .boolean = boolean
    .text-list = a list of text
    .instant = a timestamp with time zone
bad-url-no-file = the name of a file is missing, as in sqlite://equipemed-bot.db
bad-url-in-memory = a database in memory would forget everything at a restart: name a file
bad-url-file-with-options = an SQLite URL takes no options: write the path of the file alone
bad-url-not-postgres = it does not read as { $form };
    percent-encode special characters in the password
bad-url-scheme = it begins with neither sqlite:// nor postgres://
bad-url-not-sqlite = the file is not an SQLite database
bad-url-unusable = it cannot be used
fault-store-taken = another service already works with the database { $database }: { $by }. Only one at a time can, because Synapse
    tells the other nothing: end that one first, or give this one a database of its own. On PostgreSQL several share one database
fault-store-thread-gone = the connection's thread is gone
fault-fix-make-folder = Make its folder first: mkdir -p { $folder }
fault-fix-name-file = database.url must name a file
fault-fix-not-folder = { $folder } is not a folder
fault-fix-writable-volume = It is on a read-only file system: mount a writable volume there
fault-fix-newer-version = A newer version of the service wrote it: use that one, or restore the backup from before the upgrade
fault-fix-changed-migration = A migration that was applied was changed afterwards: use an unmodified build
fault-fix-see-above = Nothing was changed by that step; its text above says what is in the way
cell-empty = it is empty
cell-not-number = it is not a number
cell-out-of-range = it is out of range
cell-not-text = it is not text
cell-not-flag = it is neither true nor false
cell-not-instant = it is no instant
cell-not-matrix-id = it is no Matrix id
cell-unknown-word = it is no word this version knows
cell-json = JSON of another shape, at character { $column }
conflict-binding = the account is already another person's, or the person has another one
conflict-room = the room is already bound to another key than { $room }
conflict-code = the code is in use

# What was being done.
fault-during = { $stage }: { $why }
stage =
    .read-people = EquipeMed's people could not be read
    .read-accounts = Synapse's accounts could not be read
    .read-account = an account could not be read
    .write-audit = the audit could not be written
    .write-outcomes = outcomes could not be written to the audit
    .read-unfinished = unfinished actions could not be read
    .read-claims = claims could not be read
    .settle-unfinished = unfinished actions could not be settled
    .note-presence = who was read could not be noted
    .note-absences = how long people have been gone could not be noted
    .note-agreement = whose account is in line could not be noted
    .note-names = whose display name is known could not be noted
    .note-states = how accounts are could not be noted
    .note-powers = where powers hold could not be noted
    .note-fulfilled = that a room is complete could not be noted
