-- Runs whose timer is due become pending.
-- $1 limit

with held as materialized (
  select run.id, run.attempt, clock_timestamp() as moment
    from sagewai.runs as run
   where run.due_at <= now()
   order by run.due_at
   limit $1
     for no key update skip locked
),
moved as (
  update sagewai.runs as run
     set status = 1, wait = null, due_at = null, wakeups = run.wakeups + 1, changed_at = held.moment
    from held
   where run.id = any (array[held.id])
),
told as (
  insert into sagewai.events (run, at, kind, detail)
  select id, moment, 'woken', case when attempt = 1 then '{"by": "timer"}' else '{"by": "retry"}' end
    from held
   order by id
),
hint as materialized (
  select pg_notify('sagewai_work', '') where exists (select from held)
)
select held.id from held cross join (select count(*) from hint) as hinted
