-- PAUSE of a run that nobody owns: it ends a wait.
-- $1 run  $2 the status it was seen in  $3 actor  $4 source  $5 assurance  $6 reason
-- Gives nothing when its status is another by now.

with held as materialized (
  select id, clock_timestamp() as moment from sagewai.runs where id = $1 and status + 0 = $2 for no key update
),
moved as (
  update sagewai.runs as run
     set status = 4, wait = null, due_at = null, assigned = null, assigned_until = null, changed_at = held.moment
    from held
   where run.id = any (array[held.id])
),
told as (
  insert into sagewai.events (run, at, kind, actor, source, assurance, reason)
  select id, moment, 'paused', $3, $4, $5, $6 from held
),
hint as materialized (select pg_notify('sagewai_done', '') where exists (select from held))
select held.id from held cross join (select count(*) from hint) as hinted
