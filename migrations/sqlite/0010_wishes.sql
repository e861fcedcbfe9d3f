-- Which wishes a wake-up stands for: the pass that looks serves them. A wish about one person is served by what is done
-- about that person alone.
create table woken_wishes (
    subject text not null,
    wish text not null,
    person_id integer,
    primary key (subject, wish)
) strict;

-- Which entries of the audit served which wish: what became of a wish is looked up here.
create table served_wishes (
    wish text not null,
    audit_id integer not null,
    primary key (wish, audit_id)
) strict;
