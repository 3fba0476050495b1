-- Every move an owner can make, with all that follows from it: one statement, one commit.
--
-- $1 run  $2 token  $3 rev  $4 move  $5 outcome  $6 step  $7 next_step  $8 result  $9 error  $10 error type  $11 delay
-- $12 wakeups  $13 route or null  $14 reason: one row per move.
-- $15 position of its move  $16 step  $17 branch  $18 gate  $19 prompt  $20 context  $21 digest  $22 timeout  $23 policy:
-- one row per approval request.
-- $24 position of its move  $25 step  $26 branch  $27 key  $28 kind  $29 name  $30 delay  $31 until: one row per wait.
-- Gives the positions that were recorded, with the run's status.

with item as materialized (
  select *
    from unnest($1::int8[], $2::int4[], $3::int4[], $4::int2[], $5::int2[], $6::text[], $7::text[], $8::text[],
                $9::text[], $10::text[], $11::float8[], $12::int4[], $13::int4[], $14::text[])
         with ordinality as item (run, token, rev, move, outcome, step, next_step, result, error, error_type, delay,
                                  wakeups, route, told, position)
   order by run
),
locked as materialized (        -- in the order of their ids; the fence is part of the lock
  select item.*, run.session, run.seq, run.attempt, run.step_started, run.workflow, run.step as known_step,
         coalesce(item.step, run.step, '') as its_step, clock_timestamp() as moment,
         ask.actor, ask.source, ask.assurance, coalesce(ask.reason, '') as reason,
         case when item.move in (1, 3, 4, 5, 9, 10) then run.asked end as honoured, run.wakeups > item.wakeups as raised
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
asking as materialized (        -- as arrays: a join would read all that is asked once per run. Who is cancelled asks nothing
  select array_agg(position) as positions, array_agg(run) as runs, array_agg(moment) as moments
    from locked
   where move = 5 and honoured is distinct from 1
),
request as materialized (       -- what a park asks
  select request.*, newest.id as newest, newest.status as newest_status, newest.revision as newest_revision,
         newest.digest is not distinct from request.digest as same
    from (
      select request.*, asking.runs[spot] as run, asking.moments[spot] as moment
        from unnest($15::int8[], $16::text[], $17::text[], $18::text[], $19::text[], $20::text[], $21::text[], $22::float8[],
                    $23::text[])
             with ordinality as request (of_position, step, branch, gate, prompt, context, digest, timeout, policy, place)
       cross join asking
       cross join lateral array_position(asking.positions, request.of_position) as spot
       where spot is not null
    ) as request
    left join lateral (
     select approval.id, approval.status, approval.revision, approval.digest
       from sagewai.approvals as approval
      where approval.run = request.run and approval.step = request.step and approval.branch = request.branch
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
wish as materialized (          -- a wait that the run has already is that one, whatever is asked for by its name now
  select wish.of_position, wish.place, wish.step, wish.branch, wish.key, wish.run, wish.moment, known.id as known,
         coalesce(known.kind, wish.kind) as kind, coalesce(known.name, wish.name) as name,
         coalesce(known.status, 1::int2) as status,
         case
           when known.id is null then coalesce(wish.until, wish.moment + wish.delay * interval '1 s')
           else known.due_at
         end as due_at
    from (
      select distinct on (of_position, step, branch, key) wish.*, asking.runs[spot] as run,
             asking.moments[spot] as moment
        from unnest($24::int8[], $25::text[], $26::text[], $27::text[], $28::int2[], $29::text[], $30::float8[],
                    $31::timestamptz[])
             with ordinality as wish (of_position, step, branch, key, kind, name, delay, until, place)
       cross join asking
       cross join lateral array_position(asking.positions, wish.of_position) as spot
       where spot is not null
       order by of_position, step, branch, key, place
    ) as wish
    left join lateral (
     select wait.id, wait.kind, wait.name, wait.status, wait.due_at
       from sagewai.waits as wait
      where wait.run = wish.run and wait.step = wish.step and wait.branch = wish.branch and wait.key = wish.key
    ) as known on true
),
answer as materialized (        -- the older wait takes the older signal
  select wish.of_position, wish.place, signal.id as signal
    from (
      select *, row_number() over (partition by run, name order by known, place) as turn
        from wish
       where kind = 3 and status = 1
    ) as wish
   cross join lateral (
     select signal.id
       from sagewai.signals as signal
      where signal.run = wish.run and signal.name = wish.name and not signal.taken
      order by signal.id + 0
     offset wish.turn - 1
      limit 1
        for no key update
   ) as signal
),
awaited as materialized (
  select wish.*, answer.signal, wish.status as before,
         case
           when wish.status <> 1 then wish.status
           when answer.signal is not null or wish.due_at <= wish.moment and wish.kind = 2 then 2
           when wish.due_at <= wish.moment then 3
           else 1
         end::int2 as after
    from wish
    left join answer on answer.of_position = wish.of_position and answer.place = wish.place
),
held as materialized (
  select locked.*, settled.by,
         case when locked.move = 4 then locked.moment + locked.delay * interval '1 s' else rest.due_at end as due_at,
         case                   -- transitions.settle; wakeups are compared here, under the lock
           when locked.honoured = 1 then 8
           when locked.honoured = 2 then 4
           when locked.move = 5 and (locked.raised or settled.by is not null) then 1
           else (array[2, 5, 2, 3, 3, 6, 7, 8, 1, 1])[locked.move]
         end::int2 as status,
         locked.move = 5 and locked.position in (select of_position from request) as asks,
         case
           when locked.move <> 5 then 2
           when open.gate or locked.position in (select of_position from wanted) then 1
           when rest.signals then 3
           when rest.due_at is not null then 2
           else 1
         end::int2 as wait
    from locked
    left join lateral (
      select awaited.kind as by
        from awaited
       where awaited.of_position = locked.position and awaited.after <> 1
       order by awaited.place
       limit 1
    ) as settled on true
    left join lateral (
      select min(awaited.due_at) as due_at, bool_or(awaited.kind = 3) as signals
        from awaited
       where awaited.of_position = locked.position and awaited.after = 1
    ) as rest on true
    left join lateral (
      select true as gate
        from sagewai.approvals as approval
       where locked.move = 5 and approval.run = locked.run and approval.pending and approval.step = locked.its_step
       limit 1
    ) as open on true
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
         wait = case when held.status = 3 then held.wait end,
         due_at = case when held.status = 3 then held.due_at end,
         route = coalesce(held.route, run.route),
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
superseded as (
  update sagewai.approvals as approval set status = 4
    from wanted
   where approval.run = any (array[wanted.run]) and approval.id = any (array[wanted.newest])
     and approval.status not in (4, 6)
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
         (run, requested_at, deadline_at, timeout, revision, context_bytes, step, branch, gate, digest, prompt, context,
          policy)
  select run, moment, coalesce(moment + timeout * interval '1 s', 'infinity'), timeout,
         coalesce(newest_revision, 0) + (not same)::int, octet_length(context), step, branch, gate, digest, prompt, context,
         policy
    from wanted
   order by nth
  returning run, id, gate, digest, requested_at
),
begun as (
  insert into sagewai.waits (run, asked_at, due_at, settled_at, signal, kind, status, step, branch, key, name)
  select run, moment, due_at, case when after <> 1 then moment end, signal, kind, after, step, branch, key, name
    from awaited
   where known is null
   order by of_position, place
),
settled as (
  update sagewai.waits as wait set status = awaited.after, settled_at = awaited.moment, signal = awaited.signal
    from awaited
   where wait.id = any (array[awaited.known]) and wait.status = 1 and awaited.after <> 1
),
given as (
  update sagewai.signals as signal set taken = true
    from answer
   where signal.id = any (array[answer.signal]) and not signal.taken
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
                         when 3 then 'waiting' else case move when 5 then 'woken' when 9 then 'released' else 'refused' end end,
             case when status in (4, 8) then actor end, case when status in (4, 8) then source end,
             case when status in (4, 8) then assurance end,
             case when status in (4, 8) then reason when status = 1 and move = 10 then coalesce(told, '') else '' end,
             case
               when status = 6 then json_build_object('error', coalesce(error_type, ''))
               when status = 3 then json_strip_nulls(json_build_object(
                 'for', (array['approval', 'timer', 'signal'])[wait],
                 'due_at', to_char(due_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"+00:00"')))
               when status = 1 and move = 5 then json_build_object(
                 'by', case when asks then 'approval' when by = 2 then 'timer' else 'signal' end)
               when status = 1 then json_build_object(
                 'token', token, 'worker', (select name from sagewai.sessions as session where session.id = held.session))
             end::text
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
