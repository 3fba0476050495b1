-- STEP of a paused run: it is ready again, and asked to pause, so that who claims it goes one attempt further.
-- $1 run  $2 actor  $3 source  $4 assurance  $5 reason
-- Gives nothing when it isn't paused any more.

with held as materialized (
  select id, step, clock_timestamp() as moment from sagewai.runs where id = $1 and status + 0 = 4 for no key update
),
moved as (
  update sagewai.runs as run set status = 1, asked = 2, changed_at = held.moment
    from held
   where run.id = any (array[held.id])
),
noted as (
  insert into sagewai.asks (run, asked_at, ask, actor, source, assurance, reason)
  select id, moment, 2, $2, $3, $4, $5 from held
),
told as (
  insert into sagewai.events (run, at, kind, actor, source, assurance, reason, detail)
  select id, moment, 'stepped', $2, $3, $4, $5, json_build_object('step', step)::text from held
),
hint as materialized (select pg_notify('sagewai_work', '') where exists (select from held))
select held.id from held cross join (select count(*) from hint) as hinted
