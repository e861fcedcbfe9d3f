-- When somebody stopped a deed that a worker had begun: that attempt is finished, and no other made.
alter table deeds add column halted_at integer;
