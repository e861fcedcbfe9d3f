-- What kind of part is held, so that one that grew is known again; and the first of two consents.
alter table held add column kind text not null default '';
alter table held add column first_by text;
alter table held add column first_at integer;
