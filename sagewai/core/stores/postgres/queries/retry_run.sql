-- RETRY of a dead letter: the same run goes on at its first step without a checkpoint.
-- $1 run  $2 actor  $3 source  $4 assurance  $5 reason
-- Gives nothing when it isn't failed any more, or has no dead letter.

with held as materialized (
  select id, step, clock_timestamp() as moment
    from sagewai.runs
   where id = $1 and status + 0 = 6 and exists (select from sagewai.dead_letters where dead_letters.run = $1)
     for no key update
),
buried as (
  delete from sagewai.dead_letters as letter using held where letter.run = any (array[held.id]) returning letter.run
),
forgotten as (
  delete from sagewai.endings as ending using held where ending.run = any (array[held.id])
),
over as (                       -- a deadline that came while the run was over, and that no sweep has seen
  delete from sagewai.deadlines as deadline using held
   where deadline.run = any (array[held.id]) and (deadline.at <= held.moment) is true   -- by run, not by time
),
moved as (
  update sagewai.runs as run set status = 1, attempt = 1, takeovers = 0, changed_at = held.moment
    from held
   where run.id = any (array[held.id])
),
told as (
  insert into sagewai.events (run, at, kind, actor, source, assurance, reason, detail)
  select id, moment, 'retried', $2, $3, $4, $5, json_build_object('step', step)::text from held
),
hint as materialized (select pg_notify('sagewai_work', '') where exists (select from held))
select held.id from held cross join (select count(*) from hint) as hinted
