-- When an account was last seen to agree with EquipeMed; digests of what was last pushed to it.
alter table bindings add column synced_at bigint;
alter table bindings add column pushed_email text;
alter table bindings add column pushed_name text;
