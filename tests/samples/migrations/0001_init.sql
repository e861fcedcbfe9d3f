-- Rows as the first version wrote them; both databases take this text. Explicit ids stay clear of the counters.
insert into meta (key, value) values ('directory_size', '2'), ('sync_token', 's1_2_3');
insert into bindings (person_id, user_id, pushed_external_id, gone_since, missing_reads) values
    (17, '@ana:h.example', 'a1b2', null, 0),
    (18, '@rui:h.example', null, 1760000000000, 3);
insert into rooms (room_key, room_id, bound_at) values ('icu', '!icu:h.example', 1760000000000);
insert into grants (id, person_id, kind, level, scope, asker, reason, created_at, expires_at, ended_at, ended_by) values
    (1001, 17, 'moderator', null, 'icu', '@ana:h.example', 'night shift', 1760000000000, 1760040000000, null, null),
    (1002, 18, 'level', 25, null, 'operator', null, 1760000000000, null, 1760000100000, '@ana:h.example');
insert into deeds (id, content, asker, reason, created_at, state, due_at, attempts) values
    (1001, '{"deed":"redact","room_id":"!icu:h.example","event_id":"$event"}', '@ana:h.example', null,
     1760000000000, 'waiting', 1760000000000, 0);
insert into wakeups (subject, origin, seq, woken_at, due_at, attempts, error, claimed_by, claimed_until, claimed_seq) values
    ('person:17', 'notify', 3, 1760000000000, 1760000000000, 1, 'timeout', null, null, null),
    ('everything', 'timer', 1, 1760000000000, 1760000000000, 0, null, 'a', 1760000060000, 1);
insert into runs (id, origin, options, requested_at, state, mode, holder, started_at, heartbeat_at, finished_at, summary) values
    (1001, 'timer', '{}', 1760000000000, 'done', 'enforce', 'a', 1760000000000, 1760000000500, 1760000001000,
     '{"counts":{"create_account":{"done":2}},"findings":1,"held":["0f"]}'),
    (1002, 'chat', '{"user":["ana"]}', 1760000002000, 'queued', null, null, null, null, null, null);
insert into held (id, reason, atoms, created_at, expires_at, state) values
    ('0f', 'too many people removed', '["remove_member icu @rui:h.example"]', 1760000000000, 1760086400000, 'held');
insert into audit (id, run_id, at, actor, cause, kind, subject, room_key, user_id, person_id, action,
        outcome, outcome_detail, outcome_at) values
    (1001, 1001, 1760000000000, 'equipemed-bot', 'policy', 'lock_account', 'account @rui:h.example', null,
     '@rui:h.example', null, '{"action":"lock_account","user":"@rui:h.example"}', 'done', null, 1760000000100),
    (1002, null, 1760000000000, 'equipemed-bot', 'deed:1001', 'redact', 'room !icu:h.example', 'icu', null, null,
     '{"deed":"redact","room_id":"!icu:h.example","event_id":"$event"}', null, null, null);
insert into privileges (person_id, privilege) values (17, 'right approve'), (17, 'level 100');
insert into leases (name, holder, token, expires_at) values ('apply', 'a', 4, 1760000060000);
