# What reports and the audit say in English: each text here is that sentence, with places for what differs in it. By it the
# sentence is recognised and said in the reader's language; a test compares them with the program's own words.

# Synapse.
told-not-found = Synapse does not know it: { $why }
told-refused = Synapse refused with { $status } { $errcode }: { $why }
told-taken = the external id belongs to { $user }
told-another-account = another account
told-limited = Synapse limits the rate of requests; is `rate_limited: false` in the registration file?
told-unreachable = Synapse cannot be reached: { $why }
told-maybe-done = no clear answer from Synapse, the change may have been made: { $why }
told-not-matrix = the answer is not that of a Matrix homeserver ({ $why }); check homeserver.url and the proxy before it
told-unknown-token = Synapse does not know the as_token: name the registration file in app_service_config_files of homeserver.yaml
    and restart Synapse
told-not-admin = the bot is not a server administrator: run `equipemed-bot setup`
told-not-ours = the event is not a message or reaction of the bot's own
told-cancelled = stopped while waiting for Synapse
told-overtaken = this process may not make changes any more; another one may have taken over
told-nonsense = Synapse's answer makes no sense: { $why }
told-like-proxy = answered { $status } without a Matrix error, as a proxy does
told-no-matrix-error = answered { $status } without a Matrix error
told-no-json = a success that is not JSON
told-no-versions = JSON without versions
told-odd-json = unexpected JSON at line { $line } column { $column }
told-no-answer = no answer in time
told-no-connection-in-time = no connection in time
told-no-connection = no connection: { $why }
told-log-unreachable = unreachable: { $why }
told-levels-full = the room's level event is full
told-no-account = no account { $user }
told-no-event = no such event in that room
told-people-inside = { $count } people are in the room now; it was left alone
told-deletion-endless = the deletion does not come to its end
told-log-refused = refused with { $status } { $errcode }
told-log-limited = rate-limited
told-no-create = a room without m.room.create
told-odd-creator = a creator without a valid id
told-wants-interaction = asks for interactive authentication
told-not-put-together = the request could not be put together
told-no-room-version = { $version } is no room version
told-account-appeared = { $user } did not exist; the change made the account
told-foreign-list = { $user } of another server is in its list of accounts
told-list-without-bot = the bot itself is not in its list of accounts
told-odd-form = unexpected form of a success

# EquipeMed.
told-roster-unreadable = cannot read { $file }: { $why }; check that the file exists and the service may read it
told-roster-half = { $file } is not complete: { $why }
told-database-away = EquipeMed's database does not answer: { $why }; check that it runs and that directory.url leads to it
told-database-refuses = EquipeMed's database refuses the service: { $why }; check user, password and database in directory.url
told-data-forbidden = EquipeMed's data may not be read: { $why };
    `equipemed-bot directory install-triggers --print` shows the grants that are needed
told-database-odd = EquipeMed's database is not as expected: { $why }; check directory.prefix, or write directory.query for it
told-column = EquipeMed's data: column { $column } { $why }
told-column-null-id = is null; it is the person's primary key
told-column-null = is null for somebody; write coalesce({ $column }, false)
told-column-missing = is missing; directory.query must give it (docs/EQUIPEMED.md lists all columns)
told-column-type = is of type { $type }, expected { $why }
told-column-unread = cannot be read
told-column-text = text; write { $column }::text
told-column-list = a list of text; write { $column }::text[]
told-nobody = EquipeMed's database gives nobody: no person at all is never believed;
    check that directory.url leads to the right database
told-database-failed = EquipeMed's database failed: { $why }
told-no-answer-within = no answer within { $seconds } s
told-no-connection-within = no connection within { $seconds } s
told-slow-read = a read of people took longer than { $seconds } s
told-busy = it is busy
told-no-select = no SELECT on { $tables }
told-hear-no-answer = no answer to a connection for notifications
told-hear-lost = the connection for notifications was lost
told-hear-silent = the connection for notifications does not answer

# The service's own database.
told-store-bad-url = database.url ({ $url }) cannot be used: { $why }
told-store-unreachable = cannot reach the database { $database }: { $why }
told-store-refused = the database { $database } refuses the login: { $why }. Check user, password and database name in database.url
    and the server's pg_hba.conf
told-store-not-writable = cannot write to { $path }: { $why }. { $fix }
told-store-busy = the database { $database } is busy: { $why }
told-store-nonsense = the store holds what makes no sense: { $column } of row { $row }: { $why }
told-store-migration = the tables of { $database } cannot be brought up to date: { $why }. { $fix }
told-store-unstorable = a value cannot be stored: { $why }
told-store-failed = the database { $database } failed: { $why }
told-store-no-connection = no connection became free in time
told-store-closed = the store is closed
told-store-damaged = the file is damaged, restore a backup: { $why }
told-fix-standby = It is a standby or read-only: point database.url at the primary
told-fix-owner = Make the service's role the owner of its database: alter database … owner to …
told-fix-space = Free some space on the database server
told-fix-disk = The disk is full: free some space
told-fix-folder = The service's user needs to own the file and its folder, because SQLite keeps two more files beside it:
    chown both, or point database.url elsewhere

# A pass and its steps.
told-account-existed = { $user } was there already, and was not made here
told-account-not-made = the account { $user } could not be made
told-room-not-made = room { $room } could not be made
told-key-twice = several rooms have the key { $room }: the next pass names them
told-alias-of-other = the alias { $alias } belongs to the living room { $id }: give room { $room } another alias, or that room
told-stays-yet = the bot was brought there anew
told-stays-managed = it was adopted
told-stays-gone = the bot was taken out of it
told-stays-ours = the bot itself made or marked it
told-stays-follows = it follows the room { $room }
told-synapse-away = Synapse was away; it is tried again
told-no-address = EquipeMed has no address any more
told-step-database = the database was away; it is tried again
told-step-stopped = the service was stopped; it is tried again
told-others-change = others change the same all the time; it is looked at again
told-process-ended = the process that was at it ended
told-interrupted-synapse = interrupted: Synapse went away
told-interrupted-database = interrupted: the database went away
told-interrupted-stop = interrupted: the service was stopped
told-other-took-over = another process took over; this one stops before it writes anything more
told-stopped = stopped
told-people-unread = EquipeMed's people could not be read: { $why }
told-accounts-unread = Synapse's accounts could not be read: { $why }
told-audit-unwritten = the audit could not be written: { $why }
told-outcomes-unwritten = outcomes could not be written to the audit: { $why }
told-unfinished-unread = unfinished actions could not be read: { $why }
told-claims-unread = claims could not be read: { $why }
told-unsettled = unfinished actions could not be settled: { $why }
told-presence-unnoted = who was read could not be noted: { $why }
told-agreement-unnoted = whose account is in line could not be noted: { $why }
told-names-unnoted = whose display name is known could not be noted: { $why }
told-run-gone = the run disappeared from the store
told-deed-gone = a deed disappeared from the store

# What became of a command.
told-not-done = it was not done
told-partly = a part was not done
told-unclear = it was not clear
told-not-identified = whom or what it is about was not found
told-late = it came late
told-directory-away = EquipeMed could not be read
told-service-stopped = the service was stopped
told-something-added = something was added to it
told-refusal = refused: { $why }
told-refusal-unknown = EquipeMed does not know the account
told-refusal-not-active = the person is not active
told-refusal-right-room = without the right { $right } in room { $room }
told-refusal-right = without the right { $right }
told-refusal-own = about oneself
told-refusal-protected = a protected account
told-refusal-higher = about somebody who stands as high or higher
told-refusal-higher-room = about somebody who stands as high or higher in room { $room }
told-refusal-above-room = level { $level } is above the own { $own } in room { $room }
told-refusal-above = level { $level } is above the own { $own }
told-refusal-observe = mode observe

# What something is about.
told-subject-account = account { $user }
told-subject-room = room { $room }
told-subject-command = command { $word }
told-subject-steps = { $count } steps
told-not-locked = the account could not be locked; what follows from that waits
