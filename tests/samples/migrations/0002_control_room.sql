insert into inbox (event_id, room_id, kind, state_key, sender, sent_at, received_at, content, state, attempts, handled_at)
    values ('$1', '!control:h.org', 'm.room.message', null, '@admin:h.org', 1700000000000, 1700000000100, '{"body":"!status"}', 'done', 1, 1700000000200);
insert into inbox (event_id, room_id, kind, state_key, sender, sent_at, received_at, content, state)
    values ('$2', '!icu:h.org', 'm.room.name', '', '@nurse:h.org', 1700000000000, 1700000000100, null, 'waiting');
insert into confirmations (code, asker, room_id, command, digest, source, prompt_event, created_at, expires_at, used_at)
    values ('K7QF', '@admin:h.org', '!control:h.org', '{"command":"status"}', '00ff', '$1', '$3', 1700000000000, 1700000300000, null);
insert into announcements (once, content, created_at, posted_at, posted_event)
    values ('held:3f9a', '{}', 1700000000000, 1700000001000, '$4');
insert into drift (event_id, room_key, what, sender, at, state, ended_at)
    values ('$2', 'icu', 'name', '@nurse:h.org', 1700000000000, 'open', null);
insert into made_rooms (room_key, content, asker, created_at, ended_at)
    values ('visita', '{}', '@admin:h.org', 1700000000000, null);
update grants set source = '$1' where id = 1001;
