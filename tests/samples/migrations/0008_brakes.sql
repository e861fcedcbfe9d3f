insert into powers (person_id, power) values (17, 'right approve everywhere'), (17, 'level 50 in icu');
update bindings set state = 'locked', gone_for = 86400000 where missing_reads > 0;
update rooms set fulfilled_at = 1000;
