update held set kind = 'many_locked', first_by = '@admin:h.org', first_at = 1700000000000;
