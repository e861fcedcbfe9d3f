-- How often a table changed, for who keeps a copy of it.
create table versions (
    name text not null primary key,
    version bigint not null
);
insert into versions (name, version) values ('bindings', 1);

create function count_bindings_version() returns trigger language plpgsql as $$
begin
    update versions set version = version + 1 where name = 'bindings';
    return null;
end
$$;
-- Before the rows: whoever waits for another one's turn here holds none of them.
create trigger bindings_changed before insert or update or delete or truncate on bindings
    for each statement execute function count_bindings_version();
