insert into files_told (room_id, sender, kind, told_at)
    values ('!icu:hospital.example', '@ana:hospital.example', 'explained', 1700000000000);
