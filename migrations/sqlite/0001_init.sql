-- Times are milliseconds since 1970, UTC. Columns of JSON are text. See migrations/postgres for the same on PostgreSQL.
-- strict: SQLite then refuses what does not fit a column, as PostgreSQL does. boolean is 0 or 1.

create table meta (
    key text primary key,
    value text not null
) strict;

-- Which account is whose.
create table bindings (
    person_id integer primary key,
    user_id text not null unique,
    pushed_external_id text,
    server_admin_given integer not null default 0,
    gone_since integer,
    missing_reads integer not null default 0
) strict;

-- Which room on the homeserver is which room of the policy.
create table rooms (
    room_key text primary key,
    room_id text not null unique,
    bound_at integer not null
) strict;

-- Lasting wishes beyond the policy. Rows are ended, never deleted.
create table grants (
    id integer primary key autoincrement,
    person_id integer not null,
    kind text not null,
    level integer,
    scope text,
    asker text not null,
    reason text,
    created_at integer not null,
    expires_at integer,
    ended_at integer,
    ended_by text
) strict;
create index grants_by_person on grants (person_id);
create index grants_open on grants (expires_at) where ended_at is null;

-- One-off wishes: what, for whom, and what became of it.
create table deeds (
    id integer primary key autoincrement,
    content text not null,
    asker text not null,
    reason text,
    created_at integer not null,
    state text not null,
    due_at integer not null,
    attempts integer not null default 0,
    claimed_by text,
    claimed_until integer,
    error text,
    finished_at integer,
    outcome text
) strict;
create index deeds_open on deeds (due_at) where finished_at is null;

-- Whom to look at, one row a subject. claimed_seq is the seq that the present claim saw.
create table wakeups (
    subject text primary key,
    origin text not null,
    seq integer not null,
    woken_at integer not null,
    due_at integer not null,
    attempts integer not null default 0,
    error text,
    claimed_by text,
    claimed_until integer,
    claimed_seq integer
) strict;
create index wakeups_by_due on wakeups (due_at);

-- Full passes.
create table runs (
    id integer primary key autoincrement,
    origin text not null,
    options text not null,
    requested_at integer not null,
    state text not null,
    mode text,
    holder text,
    started_at integer,
    heartbeat_at integer,
    progress_done integer not null default 0,
    progress_total integer not null default 0,
    finished_at integer,
    summary text,
    error text
) strict;
create index runs_open on runs (id) where finished_at is null;

-- What the brakes hold back. id is the digest of the actions.
create table held (
    id text primary key,
    reason text not null,
    atoms text not null,
    created_at integer not null,
    expires_at integer not null,
    state text not null,
    approved_by text,
    approved_at integer
) strict;

-- One row an action, written before the action. Only the outcome columns are ever changed, and only once.
create table audit (
    id integer primary key autoincrement,
    run_id integer references runs (id),
    at integer not null,
    actor text not null,
    cause text not null,
    kind text not null,
    subject text not null,
    room_key text,
    user_id text,
    person_id integer,
    action text not null,
    outcome text,
    outcome_detail text,
    outcome_at integer
) strict;
create index audit_by_kind on audit (kind, at);
create index audit_by_user on audit (user_id, id) where user_id is not null;
create index audit_by_room on audit (room_key, id) where room_key is not null;
create index audit_unfinished on audit (id) where outcome is null;

-- Who held power that the brakes count, at the last applied pass.
create table privileges (
    person_id integer not null,
    privilege text not null,
    primary key (person_id, privilege)
) strict;

-- Who may do what only one may do. Rows stay, so that token only ever grows.
create table leases (
    name text primary key,
    holder text not null,
    token integer not null,
    expires_at integer not null
) strict;
