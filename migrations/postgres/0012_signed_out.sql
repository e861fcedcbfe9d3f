-- Whether all sessions of an account were ended since it was locked.
alter table bindings add column signed_out boolean;
