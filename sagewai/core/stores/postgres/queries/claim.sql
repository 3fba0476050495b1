-- Ready runs for a session, highest priority first, then first submitted: found through the lanes of its routes, taken
-- with their events, and given with all that is needed to go on with them.
--
-- $1 session  $2 routes (distinct)  $3 limit
-- Gives one row per run, or a single one without a run (id null): each tells the newest route.

with me as materialized (       -- not locked: a sweep looks at a session for a while after its end, and finds what came late
  select session.id, ', "worker": ' || to_json(session.name) || '}' as signature
    from sagewai.sessions as session
   where session.id = $1 and session.status = 1 and session.lease_until > clock_timestamp()
),
open as materialized (          -- of paused pools there is mostly none, and nothing to look up
  select route * 2::int8 as lane
    from unnest($2::int4[]) as route, me
   where route <> all (array(
     select closed.id
       from sagewai.paused_pools as paused
       join sagewai.routes as closed on closed.pool = any (array[paused.pool])
   ))
),
glance as materialized (        -- the first of each lane, twice what is its share: each row costs a visit
  select open.lane, first.priority, first.id
    from open
   cross join lateral (
     select run.priority, run.id
       from sagewai.runs as run
      where run.lane = open.lane
        and (run.assigned is null or run.assigned = $1 or run.assigned_until <= clock_timestamp())
      order by run.priority desc, run.id
      limit least($3::int4, 1 + 2 * $3::int4 / greatest(cardinality($2::int4[]), 1))
   ) as first
),
among as materialized (
  select lane, priority, id from glance order by priority desc, id limit $3::int4
),
rich as materialized (          -- all that was seen of these lanes is among the first: what comes behind it may be, too
  select lane, coalesce(least_one.priority, -2147483648) as priority, coalesce(least_one.id, 9223372036854775807) as id
    from (select lane, count(*) as seen from among group by lane) as lane
    left join (select priority, id from among order by priority desc, id offset $3::int4 - 1) as least_one on true
   where seen >= 1 + 2 * $3::int4 / greatest(cardinality($2::int4[]), 1)
),
peek as materialized (          -- how many of each lane are among the first: no more than those get locked
  select lane, priority, id from glance where lane not in (select lane from rich)
  union all
  select rich.lane, next.priority, next.id
    from rich
   cross join lateral (
     (
       select run.priority, run.id
         from sagewai.runs as run
        where run.lane = rich.lane and run.priority > rich.priority
          and (run.assigned is null or run.assigned = $1 or run.assigned_until <= clock_timestamp())
        order by run.priority desc, run.id
        limit $3::int4
     )
     union all
     (
       select run.priority, run.id
         from sagewai.runs as run
        where run.lane = rich.lane and run.id <= rich.id
          and run.priority >= rich.priority and run.priority <= rich.priority   -- not `=`: ids alone would order that
          and (run.assigned is null or run.assigned = $1 or run.assigned_until <= clock_timestamp())
        order by run.priority desc, run.id
        limit $3::int4
     )
   ) as next
),
suspect as materialized (       -- odd lanes hold suspects: one at most, and none beside one already held
  select lane.id as lane, first.priority, first.id
    from (
      select open.lane + 1 as id
        from open, me
       where not exists (select from sagewai.runs as run where run.session = any (array[me.id]) and run.takeovers >= 2)
    ) as lane
   cross join lateral (
     select run.priority, run.id
       from sagewai.runs as run
      where run.lane = lane.id
        and (run.assigned is null or run.assigned = $1 or run.assigned_until <= clock_timestamp())
      order by run.priority desc, run.id
      limit 1
   ) as first
   order by first.priority desc, first.id
   limit 1
),
share as materialized (
  select lane, count(*) as most
    from (
      select lane, priority, id from peek
      union all
      select lane, priority, id from suspect
      order by priority desc, id
      limit $3::int4
    ) as among
   group by lane
),
chosen as materialized (
  select run.*
    from share
   cross join lateral (
     select run.ctid as place, run.workflow, run.definition
       from sagewai.runs as run
      where run.lane = share.lane
        and (run.assigned is null or run.assigned = $1 or run.assigned_until <= clock_timestamp())
      order by run.priority desc, run.id
      limit share.most
        for no key update skip locked
   ) as run
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
         step_started = clock_timestamp(),
         definition = coalesce(run.definition, known.definition),
         step = coalesce(known.steps[run.seq + 1], run.step)
    from chosen
    left join lateral (
      select brought.definition, definition.steps
        from sagewai.session_definitions as brought
        join sagewai.definitions as definition on definition.id = any (array[brought.definition])
       where brought.session = $1 and brought.workflow = chosen.workflow and chosen.definition is null
      offset 0                  -- not looked up where it is known
    ) as known on true
   where run.ctid = chosen.place
  returning run.id, run.run_id, run.route, run.priority, run.token, run.rev, run.seq, run.attempt, run.wakeups,
            run.takeovers, run.step_started
),
told as (
  insert into sagewai.events (run, at, kind, detail)
  select taken.id, taken.step_started, 'claimed', '{"token": ' || taken.token || me.signature
    from taken, me
)
select newest.route as newest_route, run.id, run.run_id, run.route, run.token, run.rev, run.seq, run.attempt, run.wakeups,
       run.takeovers, run.input, run.tags, run.steps, run.results
  from (select coalesce(max(id), 0) as route from sagewai.routes) as newest
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
