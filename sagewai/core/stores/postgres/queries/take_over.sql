-- What sessions that are over still hold: from lapsed ones it is taken over under a higher token and counted, from stopped
-- ones released. Locked rows are skipped: their turn comes with the next sweep.
--
-- $1 limit  $2 null, or the one session it is about  $3 poison limit  $4 suspect after  $5 error of a poisoned run
-- $6 its type
-- Gives the new status of each run, and whether it was lost (not released).

with gone as materialized (
  select session.id, session.name, session.held_suspect, session.status = 5 as lapsed
    from sagewai.sessions as session
   where not session.swept and session.status in (4, 5) and ($2::int8 is null or session.id = $2)
     and exists (select from sagewai.runs as run where run.session = any (array[session.id]))
   order by session.id
   limit $1
     for no key update skip locked
),
examined as materialized (      -- seen by the first batch, when the session still holds all it held
  select gone.*, gone.held_suspect or exists (
           select from sagewai.runs as run where run.session = any (array[gone.id]) and run.takeovers >= $4
         ) as suspicious
    from gone
),
noted as (
  update sagewai.sessions as session set held_suspect = true
    from examined
   where session.id = examined.id and examined.suspicious and not examined.held_suspect
),
found as materialized (
  select run.*, examined.id as holder, examined.name as worker, examined.lapsed,
         case
           when not examined.lapsed then 0
           when examined.suspicious and run.takeovers < $4 then run.takeovers
           else run.takeovers + 1
         end as counted,
         clock_timestamp() as moment
    from examined
   cross join lateral (
     select run.id as run, run.token, run.seq, run.attempt, run.takeovers, run.asked, run.workflow, run.step,
            run.step_started
       from sagewai.runs as run
      where run.session = any (array[examined.id])
        for no key update skip locked
   ) as run
   limit $1
),
held as materialized (
  select found.*, ask.actor, ask.source, ask.assurance, coalesce(ask.reason, '') as reason,
         case when found.asked = 1 then 8 when found.counted >= $3 then 6 when found.asked = 2 then 4 else 1 end::int2
           as status
    from found
    left join lateral (
      select * from sagewai.asks as ask where ask.run = found.run and found.asked is not null
    ) as ask on true
),
moved as (
  update sagewai.runs as run
     set token = run.token + held.lapsed::int,
         rev = run.rev + 1,
         takeovers = held.counted,
         asked = null,
         status = held.status,
         changed_at = held.moment,
         session = null
    from held
   where run.id = any (array[held.run])
),
recorded as (
  insert into sagewai.attempts (run, seq, attempt, token, outcome, session, started_at, finished_at, step)
  select run, seq, attempt, token, case when lapsed then 5 else 6 end, holder, least(step_started, moment), moment,
         coalesce(step, '')
    from held
),
answered as (
  delete from sagewai.asks as ask using held where ask.run = any (array[held.run])
),
ended as (
  insert into sagewai.endings (run, actor, reason, error)
  select run, case when status = 8 then actor else 'sagewai' end, case when status = 8 then reason else '' end,
         case when status = 6 then $5::text end
    from held
   where status in (6, 8)
),
dead as (
  insert into sagewai.dead_letters (run, failed_at, attempts, takeovers, workflow, error_type, step)
  select run, moment, attempt, counted, workflow, $6::text, step from held where status = 6 order by run
),
closed as (
  update sagewai.approvals as approval set status = 6
    from held
   where approval.run = any (array[held.run]) and approval.pending and held.status in (6, 8)
  returning approval.run, approval.id, approval.gate, held.moment,
            case when held.status = 8 then held.actor end as actor,
            case when held.status = 8 then held.source end as source,
            case when held.status = 8 then held.assurance end as assurance
),
told as (
  insert into sagewai.events (run, at, kind, actor, source, assurance, reason, detail)
  select run, at, kind, actor, source, assurance, reason, detail
    from (
      select 1 as rank, run as place, run, moment as at, 'taken_over' as kind, null as actor, null as source,
             null as assurance, '' as reason,
             json_build_object('token', token + 1, 'worker', worker, 'takeovers', counted)::text as detail
        from held
       where lapsed
      union all
      select 2, id, run, moment, 'approval_cancelled', actor, source, assurance, '',
             json_build_object('approval_id', id, 'gate', gate)::text
        from closed
      union all
      select 3, run, run, moment, 'failed', null, null, null, '', json_build_object('error', $6::text)::text
        from held
       where status = 6
      union all
      select 3, run, run, moment, case status when 8 then 'cancelled' else 'paused' end, actor, source, assurance, reason,
             null
        from held
       where status in (4, 8)
      union all
      select 3, run, run, moment, 'released', null, null, null, '',
             json_build_object('token', token, 'worker', worker)::text
        from held
       where status = 1 and not lapsed
    ) as event
   order by rank, place
),
hint as materialized (
  select pg_notify('sagewai_work', '') where exists (select from held where status = 1)
  union all
  select pg_notify('sagewai_done', '') where exists (select from held where status <> 1)
)
select held.status, held.lapsed
  from held
 cross join (select count(*) from hint) as hinted
