-- Runs that aren't over at their deadline fail, a running one over its owner's head, under a higher token. The deadlines
-- that have come are taken away, however their runs stand. Locked runs are skipped: their turn comes with the next sweep.
-- $1 limit  $2 error  $3 its type
-- Gives for each deadline whether its run failed.

with due as materialized (
  select run
    from (
      select deadline.run
        from sagewai.deadlines as deadline
       where deadline.at <= now()
       order by deadline.at
       limit $1
    ) as deadline
   order by run
),
held as materialized (
  select run.*, run.status <= 4 as failed, run.status = 2 as owned, clock_timestamp() as moment
    from due
   cross join lateral (
     select run.id as run, run.status, run.token, run.seq, run.attempt, run.takeovers, run.workflow, run.step,
            run.step_started, run.session
       from sagewai.runs as run
      where run.id = due.run
        for no key update skip locked
   ) as run
),
come as (
  delete from sagewai.deadlines as deadline using held where deadline.run = any (array[held.run])
),
moved as (
  update sagewai.runs as run
     set token = run.token + held.owned::int, rev = run.rev + held.owned::int, status = 6, wait = null, due_at = null,
         asked = null, assigned = null, assigned_until = null, changed_at = held.moment, session = null
    from held
   where held.failed and run.id = any (array[held.run])
),
recorded as (
  insert into sagewai.attempts (run, seq, attempt, token, outcome, session, started_at, finished_at, step)
  select run, seq, attempt, token, 3, session, least(step_started, moment), moment, coalesce(step, '')
    from held
   where owned
),
answered as (
  delete from sagewai.asks as ask using held where held.owned and ask.run = any (array[held.run])
),
ended as (
  insert into sagewai.endings (run, actor, reason, error) select run, 'sagewai', '', $2::text from held where failed
),
dead as (
  insert into sagewai.dead_letters (run, failed_at, attempts, takeovers, workflow, error_type, step)
  select run, moment, attempt, takeovers, workflow, $3::text, step from held where failed order by run
),
closed as (
  update sagewai.approvals as approval set status = 6
    from held
   where held.failed and approval.run = any (array[held.run]) and approval.pending
  returning approval.run, approval.id, approval.gate, held.moment
),
told as (
  insert into sagewai.events (run, at, kind, detail)
  select run, moment, kind, detail
    from (
      select 1 as rank, run as place, run, moment, 'deadline_passed' as kind, null as detail from held where failed
      union all
      select 2, id, run, moment, 'approval_cancelled', json_build_object('approval_id', id, 'gate', gate)::text from closed
      union all
      select 3, run, run, moment, 'failed', json_build_object('error', $3::text)::text from held where failed
    ) as event
   order by rank, place
),
hint as materialized (select pg_notify('sagewai_done', '') where exists (select from held where failed))
select held.failed from held cross join (select count(*) from hint) as hinted
