update bindings set synced_at = 1760000000000, pushed_email = 'c3d4', pushed_name = 'e5f6' where person_id = 17;
