update bindings set state = 'locked' where person_id = 17;
