-- When files that are not accepted were last explained to a sender in a room, or told to the control room.
create table files_told (
    room_id text not null,
    sender text not null,
    kind text not null,
    told_at integer not null,
    primary key (room_id, sender, kind)
);
