-- How often a table changed, for who keeps a copy of it.
create table versions (
    name text not null primary key,
    version integer not null
) strict;
insert into versions (name, version) values ('bindings', 1);

create trigger bindings_inserted after insert on bindings begin
    update versions set version = version + 1 where name = 'bindings';
end;
create trigger bindings_updated after update on bindings begin
    update versions set version = version + 1 where name = 'bindings';
end;
create trigger bindings_deleted after delete on bindings begin
    update versions set version = version + 1 where name = 'bindings';
end;
