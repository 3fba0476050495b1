-- Runs whose timer is due become pending; whatever each of them waits for that is due is settled.
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
settled as (
  update sagewai.waits as wait
     set status = case wait.kind when 2 then 2 else 3 end, settled_at = held.moment
    from held
   where wait.run = any (array[held.id]) and wait.status = 1 and wait.due_at <= held.moment
  returning wait.run
),
told as (
  insert into sagewai.events (run, at, kind, detail)
  select id, moment, 'woken',
         case
           when attempt = 1 or exists (select from settled where settled.run = held.id) then '{"by": "timer"}'
           else '{"by": "retry"}'
         end
    from held
   order by id
),
hint as materialized (
  select pg_notify('sagewai_work', '') where exists (select from held)
)
select held.id from held cross join (select count(*) from hint) as hinted
