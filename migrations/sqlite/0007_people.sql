-- Who is who. A person is a public id; bindings, grants and privileges are kept by person_id, the number is only EquipeMed's
-- handle. Without a public id: an account that was bound before they were kept, and nothing shows whose it is.
create table people (
    person_id integer primary key,
    public_id text unique,
    number integer not null,
    username text not null,
    first_seen integer not null
) strict;
insert into versions (name, version) values ('people', 1);

create trigger people_inserted after insert on people begin
    update versions set version = version + 1 where name = 'people';
end;
create trigger people_updated after update on people begin
    update versions set version = version + 1 where name = 'people';
end;
create trigger people_deleted after delete on people begin
    update versions set version = version + 1 where name = 'people';
end;
