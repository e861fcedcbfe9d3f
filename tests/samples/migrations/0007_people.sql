insert into people (person_id, public_id, number, username, first_seen) values (1, 'c0ffee00-0000-4000-8000-000000000001', 9, 'ana', 1700000000000);
insert into people (person_id, public_id, number, username, first_seen) values (2, null, 2, '', 1700000000000);
