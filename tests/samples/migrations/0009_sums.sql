insert into confirmations (code, asker, room_id, command, digest, source, created_at, expires_at, beyond)
    values ('SUMMA', '@ana:h.example', '!control:h.example', '{"command":"status"}', 'd', '$sums', 1, 2,
        '{"sum":"locked","people":6,"limit":5}');
