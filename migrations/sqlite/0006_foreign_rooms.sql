-- Rooms that somebody brought the bot into: who, since when, whether it was told, and whether the bot stays for good.
create table foreign_rooms (
    room_id text not null primary key,
    brought_by text,
    found_at integer not null,
    told_at integer,
    kept_at integer
) strict;
