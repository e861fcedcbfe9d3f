insert into report_cases (room_id, event_id, sender, opener, place, opened_at, count, shown, posted_event)
    values ('!icu:h.org', '$said', '@rui:h.org', '@ana:h.org', 'redactable', 1700000000000, 1, 1, '$told');
insert into reports (report_id, received_at, case_id, room_id, reporter, reason)
    values (1, 1700000000000, 1, '!icu:h.org', '@ana:h.org', 'um paciente aparece na foto');
