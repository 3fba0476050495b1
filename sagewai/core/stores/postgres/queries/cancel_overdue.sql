-- Runs asked to cancel whose owner hasn't obeyed for twice its lease are cancelled over its head, under a higher token.
-- $1 limit

with due as materialized (
  select ask.run
    from sagewai.asks as ask
    join sagewai.runs as run on run.id = any (array[ask.run])
    join sagewai.sessions as session on session.id = any (array[run.session])
   where ask.ask = 1 and ask.asked_at + 2 * session.lease_ttl <= clock_timestamp()
   order by ask.run
   limit $1
),
held as materialized (
  select run.*, ask.actor, ask.source, ask.assurance, ask.reason, clock_timestamp() as moment
    from due
   cross join lateral (
     select run.id as run, run.token, run.seq, run.attempt, run.step, run.step_started, run.session
       from sagewai.runs as run
      where run.id = due.run and run.status + 0 = 2 and run.asked = 1
        for no key update skip locked
   ) as run
   cross join lateral (select * from sagewai.asks as ask where ask.run = run.run) as ask
),
moved as (
  update sagewai.runs as run
     set token = run.token + 1, rev = run.rev + 1, asked = null, status = 8, changed_at = held.moment, session = null
    from held
   where run.id = any (array[held.run])
),
recorded as (
  insert into sagewai.attempts (run, seq, attempt, token, outcome, session, started_at, finished_at, step)
  select run, seq, attempt, token, 7, session, least(step_started, moment), moment, coalesce(step, '') from held
),
answered as (
  delete from sagewai.asks as ask using held where ask.run = any (array[held.run])
),
ended as (
  insert into sagewai.endings (run, actor, reason) select run, actor, reason from held
),
closed as (
  update sagewai.approvals as approval set status = 6
    from held
   where approval.run = any (array[held.run]) and approval.pending
  returning approval.run, approval.id, approval.gate, held.moment, held.actor, held.source, held.assurance
),
told as (
  insert into sagewai.events (run, at, kind, actor, source, assurance, reason, detail)
  select run, moment, kind, actor, source, assurance, reason, detail
    from (
      select 1 as rank, id as place, run, moment, 'approval_cancelled' as kind, actor, source, assurance, '' as reason,
             json_build_object('approval_id', id, 'gate', gate)::text as detail
        from closed
      union all
      select 2, run, run, moment, 'cancelled', actor, source, assurance, reason, null from held
    ) as event
   order by rank, place
),
hint as materialized (
  select pg_notify('sagewai_done', '') where exists (select from held)
)
select held.run from held cross join (select count(*) from hint) as hinted
