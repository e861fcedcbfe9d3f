-- Who holds power that the brakes count, each with its place. What `privileges` had is without places: it says, until the
-- first pass that is applied, who has gained nothing by that.
create table powers (
    person_id bigint not null,
    power text not null,
    primary key (person_id, power)
);
insert into meta (key, value)
    select 'powers_unplaced', '1' where exists (select 1 from runs where state = 'done' and mode = 'enforce');

-- How an account was last seen or left; for how long, in milliseconds, complete reads have seen its person gone.
alter table bindings add column state text;
alter table bindings add column gone_for bigint;
update bindings set gone_for = (select max(finished_at) from runs) - gone_since
    where gone_since < (select max(finished_at) from runs);

-- Since when everybody whom the room's rule names has been in it once.
alter table rooms add column fulfilled_at bigint;
update rooms set fulfilled_at = (select max(finished_at) from runs where state = 'done' and mode = 'enforce')
    where bound_at < (select max(finished_at) from runs where state = 'done' and mode = 'enforce');

-- Why a part is held and what it would do, as data. What was held before is held, and told, anew.
alter table held add column facts text;
alter table held add column effects text;
update held set state = 'closed' where state in ('held', 'approved', 'expired');

-- Who was put into a room lately.
create index audit_joins on audit (room_key, at) where kind = 'add_member';
