-- Who is who. A person is a public id; bindings, grants and privileges are kept by person_id, the number is only EquipeMed's
-- handle. Without a public id: an account that was bound before they were kept, and nothing shows whose it is.
create table people (
    person_id bigint primary key,
    public_id text unique,
    number bigint not null,
    username text not null,
    first_seen bigint not null
);
insert into versions (name, version) values ('people', 1);

create function count_people_version() returns trigger language plpgsql as $$
begin
    update versions set version = version + 1 where name = 'people';
    return null;
end
$$;
-- Before the rows: whoever waits for another one's turn here holds none of them.
create trigger people_changed before insert or update or delete or truncate on people
    for each statement execute function count_people_version();
