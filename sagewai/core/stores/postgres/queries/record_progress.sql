-- The hot path: what concurrent runs have gathered, as one statement and one commit. Only STEP_DONE, COMPLETED and RETRY,
-- and only while nobody asks anything of these runs; otherwise it writes nothing and says so with the position 0, and
-- record_moves.sql has to be sent.
--
-- $1 run  $2 token  $3 rev  $4 move  $5 outcome  $6 step  $7 next_step  $8 result  $9 error  $10 delay: one row per move.
-- Gives the positions that were recorded, with the run's status.

with item as materialized (
  select *
    from unnest($1::int8[], $2::int4[], $3::int4[], $4::int2[], $5::int2[], $6::text[], $7::text[], $8::text[],
                $9::text[], $10::float8[])
         with ordinality as item (run, token, rev, move, outcome, step, next_step, result, error, delay, position)
   order by run
),
held as materialized (          -- locked in the order of their ids; the fence is part of the lock
  select item.run, item.token, item.move, item.outcome, item.step, item.next_step, item.result, item.error, item.delay,
         item.position, run.session, run.seq, run.attempt, run.step_started, clock_timestamp() as moment,
         run.asked is not null or open.gate as special,
         case when item.move = 2 then 5 else 2 end::int2 as status
    from item
   cross join lateral (
     select run.session, run.seq, run.attempt, run.step_started, run.asked
       from sagewai.runs as run
      where run.id = item.run and run.token = item.token and run.rev = item.rev and run.status + 0 = 2
        for no key update
   ) as run
    left join lateral (
     select true as gate
       from sagewai.approvals as approval
      where item.move = 2 and approval.run = item.run and approval.pending
      limit 1
   ) as open on true
),
plain as materialized (select bool_or(special) is not true as sure from held),
moved as (                      -- a step's progress touches no indexed column: a heap-only update
  update sagewai.runs as run
     set rev = run.rev + 1,
         seq = case when held.move <= 2 then held.seq + 1 else held.seq end,
         attempt = case held.move when 1 then 1 when 2 then held.attempt else held.attempt + 1 end,
         step = case held.move when 1 then held.next_step when 3 then held.step end,
         step_started = case held.move when 1 then held.moment when 3 then held.moment + held.delay * interval '1 s' end,
         takeovers = 0,
         status = held.status,
         changed_at = case when held.move = 2 then held.moment else run.changed_at end,
         session = case when held.move <> 2 then held.session end
    from held, plain
   where plain.sure and run.id = any (array[held.run])
),
recorded as (                   -- the attempt row is checkpoint and timeline at once
  insert into sagewai.attempts
         (run, seq, attempt, token, outcome, session, started_at, finished_at, delay, step, result, error)
  select run, seq, attempt, token, outcome, session, least(step_started, moment), moment,
         case when move = 3 then delay end, step, result, error
    from held, plain
   where plain.sure
),
told as (
  insert into sagewai.events (run, at, kind)
  select run, moment, 'completed' from held, plain where plain.sure and move = 2
),
hint as materialized (
  select pg_notify('sagewai_done', '') from plain where plain.sure and exists (select from held where move = 2)
)
select held.position, held.status
  from held
 cross join plain
 cross join (select count(*) from hint) as hinted
 where plain.sure
union all
select 0, 0 from plain where not plain.sure
