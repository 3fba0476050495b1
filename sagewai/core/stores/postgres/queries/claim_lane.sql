-- Ready runs of one lane, as claim.sql gives them: most workers serve one route, and then there is nothing to merge.
-- Where a suspect waits beside the lane, its pool is paused, or a run brings no definition, this takes nothing and says so:
-- claim.sql has to be sent.
--
-- $1 session  $2 route  $3 limit
-- Gives one row per run, or a single one without a run (id null): each tells the newest route, and whether it is sure.

with me as materialized (       -- not locked: a sweep looks at a session for a while after its end, and finds what came late
  select session.id, ', "worker": ' || to_json(session.name) || '}' as signature
    from sagewai.sessions as session
   where session.id = $1 and session.status = 1 and session.lease_until > clock_timestamp()
),
open as materialized (
  select $2::int4 * 2::int8 as lane
    from me
   where (
       select run.id from sagewai.runs as run where run.lane = $2::int4 * 2::int8 + 1 order by run.priority desc, run.id limit 1
     ) is null
     and not exists (
       select
         from sagewai.paused_pools as paused
        where paused.pool = (select route.pool from sagewai.routes as route where route.id = $2)
     )
),
chosen as materialized (
  select run.place, run.definition
    from open
   cross join lateral (
     select run.ctid as place, run.definition
       from sagewai.runs as run
      where run.lane = open.lane
        and (run.assigned is null or run.assigned = $1 or run.assigned_until <= clock_timestamp())
      order by run.priority desc, run.id
      limit $3::int4
        for no key update skip locked
   ) as run
),
plain as materialized (
  select exists (select from open) and not exists (select from chosen where definition is null) as sure
),
taken as (                      -- by its place: what is locked stays where it is
  update sagewai.runs as run
     set token = run.token + 1,
         rev = run.rev + 1,
         status = 2,
         session = $1,
         assigned = null,
         assigned_until = null,
         changed_at = clock_timestamp(),
         step_started = clock_timestamp()
    from plain, chosen
   where plain.sure and run.ctid = chosen.place
  returning run.id, run.run_id, run.route, run.priority, run.token, run.rev, run.seq, run.attempt, run.wakeups, run.takeovers,
            run.step_started
),
told as (
  insert into sagewai.events (run, at, kind, detail)
  select taken.id, taken.step_started, 'claimed', '{"token": ' || taken.token || me.signature from taken, me
)
select coalesce((select max(id) from sagewai.routes), 0) as newest_route, plain.sure, run.id, run.run_id, run.route, run.token,
       run.rev, run.seq, run.attempt, run.wakeups, run.takeovers, run.input, run.tags, run.steps, run.results
  from plain
  left join (
    select taken.*, input.input, input.tags, done.steps, done.results
      from taken
     cross join lateral (select input, tags from sagewai.inputs where inputs.run = taken.id offset 0) as input
      left join lateral (
        select array_agg(step order by seq) as steps, array_agg(result order by seq) as results
          from sagewai.attempts as attempt
         where attempt.run = taken.id and attempt.outcome = 1 and taken.seq > 0
      ) as done on true
  ) as run on true
 order by run.priority desc, run.id
