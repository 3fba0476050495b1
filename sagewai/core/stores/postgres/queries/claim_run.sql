-- One run by its id, if it is ready, whatever its lane and assignment.
--
-- $1 session  $2 run_id
-- Gives the run, with all that is needed to go on with it, or nothing.

with me as materialized (
  select session.id, session.name
    from sagewai.sessions as session
   where session.id = $1 and session.status = 1 and session.lease_until > clock_timestamp()
),
chosen as materialized (
  select run.*
    from me
   cross join lateral (
     select run.id, run.workflow, run.definition
       from sagewai.runs as run
      where run.run_id = $2 and run.status + 0 = 1 and me.id is not null
        for no key update
   ) as run
),
taken as (                      -- by its id, not by its place: who waited for the lock holds a version it couldn't see
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
   where run.id = any (array[chosen.id])
  returning run.id, run.run_id, run.workflow, run.pool, run.route, run.token, run.rev, run.seq, run.attempt, run.wakeups,
            run.takeovers, run.step_started
),
told as (
  insert into sagewai.events (run, at, kind, detail)
  select taken.id, taken.step_started, 'claimed', json_build_object('token', taken.token, 'worker', me.name)::text
    from taken, me
)
select taken.*, input.input, input.tags, route.labels, done.steps, done.results
  from taken
 cross join lateral (select input, tags from sagewai.inputs where inputs.run = taken.id offset 0) as input
 cross join lateral (select labels from sagewai.routes where routes.id = taken.route offset 0) as route
  left join lateral (
    select array_agg(step order by seq) as steps, array_agg(result order by seq) as results
      from sagewai.attempts as attempt
     where attempt.run = taken.id and attempt.outcome = 1 and taken.seq > 0
  ) as done on true
