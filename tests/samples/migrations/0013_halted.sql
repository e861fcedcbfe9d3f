update deeds set halted_at = 1700000000000 where id = 1;
