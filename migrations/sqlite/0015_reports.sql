-- What people reported, until it is answered. A case is one reported event, or everything else that one person reports
-- (event_id is null). `shown` is the number that the message in the control room shows, -1 once it shows the end.
create table report_cases (
    id integer primary key autoincrement,
    room_id text not null,
    event_id text,
    sender text,
    opener text not null,
    place text,
    opened_at integer not null,
    count integer not null default 0,
    shown integer not null default 0,
    posted_event text,
    closed_at integer,
    closed_by text,
    ending text
) strict;
create unique index report_cases_by_event on report_cases (event_id) where closed_at is null and event_id is not null;
create unique index report_cases_by_opener on report_cases (opener) where closed_at is null and event_id is null;
create index report_cases_to_show on report_cases (id) where closed_at is null or shown > 0;

-- Synapse gives a number again once the newest report was deleted, so the time belongs to a report's identity.
create table reports (
    report_id integer not null,
    received_at integer not null,
    case_id integer not null,
    room_id text not null,
    reporter text not null,
    reason text,
    dropped_at integer,
    primary key (report_id, received_at)
) strict;
create index reports_by_case on reports (case_id);
