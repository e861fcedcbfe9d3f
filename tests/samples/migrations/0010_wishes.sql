insert into woken_wishes (subject, wish, person_id) values ('room:icu', '$command 0', 17), ('everything', '$other', null);
insert into served_wishes (wish, audit_id) values ('$command 0', 1);
