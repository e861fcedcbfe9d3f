-- How an account was last seen or left beside its state: the administrator's flag, and the digest of the display name.
alter table bindings add column admin integer;
alter table bindings add column name text;
