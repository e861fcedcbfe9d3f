update bindings set name = 'c3d4' where person_id = 17;
