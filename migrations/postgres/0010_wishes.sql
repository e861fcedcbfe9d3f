-- Which wishes a wake-up stands for: the pass that looks serves them. A wish about one person is served by what is done
-- about that person alone.
create table woken_wishes (
    subject text not null,
    wish text not null,
    person_id bigint,
    primary key (subject, wish)
);

-- Which entries of the audit served which wish: what became of a wish is looked up here.
create table served_wishes (
    wish text not null,
    audit_id bigint not null,
    primary key (wish, audit_id)
);
