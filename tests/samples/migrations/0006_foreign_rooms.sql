insert into foreign_rooms (room_id, brought_by, found_at) values ('!foreign:h.example', '@eva:h.example', 1700000000000);
insert into foreign_rooms (room_id, found_at, told_at, kept_at)
    values ('!kept:h.example', 1700000000000, 1700000000001, 1700000000002);
