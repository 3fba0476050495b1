-- Every move an owner can make, with all that follows from it: one statement, one commit.
--
-- $1 run  $2 token  $3 rev  $4 move  $5 outcome  $6 step  $7 next_step  $8 result  $9 error  $10 error type  $11 delay
-- $12 wakeups: one row per move.
-- $13 position of its move  $14 step  $15 branch  $16 gate  $17 prompt  $18 context  $19 digest  $20 timeout: one row per
-- approval request.
-- Gives the positions that were recorded, with the run's status.

with item as materialized (
  select *
    from unnest($1::int8[], $2::int4[], $3::int4[], $4::int2[], $5::int2[], $6::text[], $7::text[], $8::text[],
                $9::text[], $10::text[], $11::float8[], $12::int4[])
         with ordinality as item (run, token, rev, move, outcome, step, next_step, result, error, error_type, delay,
                                  wakeups, position)
   order by run
),
held as materialized (          -- locked in the order of their ids; the fence is part of the lock
  select item.*, run.session, run.seq, run.attempt, run.step_started, run.workflow, run.step as known_step,
         coalesce(item.step, run.step, '') as its_step, clock_timestamp() as moment,
         ask.actor, ask.source, ask.assurance, coalesce(ask.reason, '') as reason,
         case                   -- transitions.settle; wakeups are compared here, under the lock
           when item.move in (1, 3, 4, 5, 9) and run.asked = 1 then 8
           when item.move in (1, 3, 4, 5, 9) and run.asked = 2 then 4
           when item.move = 5 and run.wakeups > item.wakeups then 1
           else (array[2, 5, 2, 3, 3, 6, 7, 8, 1])[item.move]
         end::int2 as status
    from item
   cross join lateral (
     select run.session, run.seq, run.attempt, run.step_started, run.workflow, run.step, run.asked, run.wakeups
       from sagewai.runs as run
      where run.id = item.run and run.token = item.token and run.rev = item.rev and run.status + 0 = 2
        for no key update
   ) as run
    left join lateral (
     select * from sagewai.asks as ask where ask.run = item.run and run.asked is not null
   ) as ask on true
),
moved as (
  update sagewai.runs as run
     set rev = run.rev + 1,
         seq = case when held.move <= 2 then held.seq + 1 else held.seq end,
         attempt = case when held.move = 1 then 1 when held.move in (3, 4) then held.attempt + 1 else held.attempt end,
         step = case held.move when 1 then held.next_step when 2 then null else held.its_step end,
         step_started = held.moment + case when held.move = 3 then held.delay else 0 end * interval '1 s',
         takeovers = 0,
         asked = null,
         status = held.status,
         wait = case when held.status = 3 then case held.move when 5 then 1 else 2 end end,
         due_at = case when held.status = 3 and held.move = 4 then held.moment + held.delay * interval '1 s' end,
         changed_at = case when held.status = 2 then run.changed_at else held.moment end,
         session = case when held.status = 2 then held.session end
    from held
   where run.id = any (array[held.run])
),
recorded as (
  insert into sagewai.attempts
         (run, seq, attempt, token, outcome, session, started_at, finished_at, delay, step, result, error)
  select run, seq, attempt, token, outcome, session, least(step_started, moment), moment,
         case when move in (3, 4) then delay end, its_step, result, error
    from held
),
answered as (
  delete from sagewai.asks as ask using held where ask.run = any (array[held.run])
),
ended as (
  insert into sagewai.endings (run, actor, reason, error)
  select run, coalesce(actor, 'sagewai'), reason, error from held where status in (6, 8)
),
dead as (
  insert into sagewai.dead_letters (run, failed_at, attempts, takeovers, workflow, error_type, step)
  select run, moment, attempt, 0, workflow, coalesce(error_type, ''), its_step
    from held
   where status = 6
   order by position
),
request as materialized (
  select request.*, held.run, held.moment, newest.id as newest, newest.status as newest_status,
         newest.revision as newest_revision, newest.digest is not distinct from request.digest as same
    from unnest($13::int8[], $14::text[], $15::text[], $16::text[], $17::text[], $18::text[], $19::text[], $20::float8[])
         with ordinality as request (of_position, step, branch, gate, prompt, context, digest, timeout, place)
    join held on held.position = request.of_position and held.move = 5 and held.status <> 8
    left join lateral (
     select approval.id, approval.status, approval.revision, approval.digest
       from sagewai.approvals as approval
      where approval.run = held.run and approval.step = request.step and approval.branch = request.branch
        and approval.gate = request.gate
      order by approval.id desc
      limit 1
    ) as newest on true
),
wanted as materialized (        -- a gate that waits for, or was answered on, this very content is left alone
  select request.*, row_number() over (order by of_position, place) as nth
    from request
   where newest is null or not same or newest_status in (4, 6)
),
superseded as (
  update sagewai.approvals as approval set status = 4
    from wanted
   where approval.id = any (array[wanted.newest]) and approval.status not in (4, 6)
  returning approval.run, approval.id, approval.gate, wanted.moment, wanted.nth
),
closed as (                     -- the run ended, or has moved on to another step's questions
  update sagewai.approvals as approval set status = 6
    from held
   where approval.run = any (array[held.run]) and approval.pending
     and (held.status in (5, 6, 7, 8) or held.move = 5 and approval.step <> held.its_step)
  returning approval.run, approval.id, approval.gate, held.moment, held.status
),
requested as (
  insert into sagewai.approvals
         (run, requested_at, deadline_at, revision, context_bytes, step, branch, gate, digest, prompt, context)
  select run, moment, coalesce(moment + timeout * interval '1 s', 'infinity'),
         coalesce(newest_revision, 0) + (not same)::int, octet_length(context), step, branch, gate, digest, prompt, context
    from wanted
   order by nth
  returning run, id, gate, digest, requested_at
),
told as (
  insert into sagewai.events (run, at, kind, actor, source, assurance, reason, detail)
  select run, at, kind, actor, source, assurance, reason, detail
    from (
      select 1 as rank, closed.id as place, closed.run, closed.moment as at, 'approval_cancelled' as kind, ask.actor,
             ask.source, ask.assurance, '' as reason,
             json_build_object('approval_id', closed.id, 'gate', closed.gate)::text as detail
        from closed
        left join lateral (
          select * from sagewai.asks as ask where ask.run = closed.run and closed.status = 8
        ) as ask on true
      union all
      select 2, 2 * nth - 1, run, moment, 'approval_superseded', null, null, null, '',
             json_build_object('approval_id', id, 'gate', gate)::text
        from superseded
      union all
      select 2, 2 * row_number() over (order by id), run, requested_at, 'approval_requested', null, null, null, '',
             json_build_object('approval_id', id, 'gate', gate, 'digest', digest)::text
        from requested
      union all
      select 3, position, run, moment,
             case status when 5 then 'completed' when 6 then 'failed' when 8 then 'cancelled' when 4 then 'paused'
                         when 3 then 'waiting' else case move when 9 then 'released' else 'woken' end end,
             case when status in (4, 8) then actor end, case when status in (4, 8) then source end,
             case when status in (4, 8) then assurance end, case when status in (4, 8) then reason else '' end,
             case
               when status = 6 then json_build_object('error', coalesce(error_type, ''))::text
               when status = 3 and move = 5 then '{"for": "approval"}'
               when status = 3 then json_build_object(
                 'for', 'timer',
                 'due_at', to_char((moment + delay * interval '1 s') at time zone 'UTC',
                                   'YYYY-MM-DD"T"HH24:MI:SS.US"+00:00"'))::text
               when status = 1 and move = 9 then json_build_object(
                 'token', token, 'worker', (select name from sagewai.sessions as session where session.id = held.session))::text
               when status = 1 then '{"by": "approval"}'
             end
        from held
       where status not in (2, 7)
    ) as event
   order by rank, place
),
hint as materialized (
  select pg_notify('sagewai_work', '') where exists (select from held where status = 1)
  union all
  select pg_notify('sagewai_done', '') where exists (select from held where status > 2)
)
select held.position, held.status
  from held
 cross join (select count(*) from hint) as hinted
