-- How far an order goes beyond what one person may ask for within a day: then somebody else has to say yes.
alter table confirmations add column beyond text;
-- What somebody asked for, or ended, within a day.
create index grants_by_asker on grants (asker, created_at);
create index grants_by_ender on grants (ended_by, ended_at);
