-- Events that matter, in the order they came, stored before Synapse is answered. content: of a command its text, of a
-- reaction its key and target, of a membership or of levels what they say; nothing else that people wrote.
create table inbox (
    seq integer primary key autoincrement,
    event_id text not null unique,
    room_id text not null,
    kind text not null,
    state_key text,
    sender text not null,
    sent_at integer not null,
    received_at integer not null,
    content text,
    state text not null,
    attempts integer not null default 0,
    handled_at integer
) strict;
create index inbox_waiting on inbox (seq) where state = 'waiting';
create index inbox_by_age on inbox (received_at);

-- Previews that wait for a yes. command is the command as JSON, digest that of what the preview showed.
create table confirmations (
    code text primary key,
    asker text not null,
    room_id text not null,
    command text not null,
    digest text not null,
    source text not null,
    prompt_event text,
    created_at integer not null,
    expires_at integer not null,
    used_at integer,
    used_by text
) strict;

-- What is to be told in the control room. Each once: the same thing has the same name in once.
create table announcements (
    id integer primary key autoincrement,
    once text not null unique,
    content text not null,
    created_at integer not null,
    posted_at integer,
    posted_event text
) strict;
create index announcements_open on announcements (id) where posted_at is null;

-- Changes by hand in managed rooms, and what became of them.
create table drift (
    id integer primary key autoincrement,
    event_id text not null unique,
    room_key text not null,
    what text not null,
    sender text not null,
    at integer not null,
    state text not null,
    ended_at integer
) strict;
create index drift_by_room on drift (room_key, what, at);

-- Rooms made by command: they belong to the policy as those of the configuration do.
create table made_rooms (
    room_key text primary key,
    content text not null,
    asker text not null,
    created_at integer not null,
    ended_at integer
) strict;

-- Which event a wish came from: the event handled twice makes it once.
alter table grants add column source text;
create unique index grants_by_source on grants (source) where source is not null;
alter table deeds add column source text;
create unique index deeds_by_source on deeds (source) where source is not null;
alter table runs add column source text;
create unique index runs_by_source on runs (source) where source is not null;

-- What was done because of one grant, deed or command.
create index audit_by_cause on audit (cause, id);
