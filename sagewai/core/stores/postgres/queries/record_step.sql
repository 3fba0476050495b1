-- The lone run's hot path: one step done, the next one begins; no arrays and no order of locks, because there is one row.
-- Writes nothing where the fence doesn't hold or somebody asks something of the run: then record_progress.sql says which.
--
-- $1 run  $2 token  $3 rev  $4 step  $5 next_step  $6 result. Gives a row if it was recorded.

with held as materialized (
  select id, token, seq, attempt, session, step_started, clock_timestamp() as moment
    from sagewai.runs
   where id = $1 and token = $2 and rev = $3 and status + 0 = 2 and asked is null
     for no key update
),
moved as (                      -- a heap-only update
  update sagewai.runs as run
     set rev = run.rev + 1, seq = held.seq + 1, attempt = 1, step = $5, step_started = held.moment, takeovers = 0
    from held
   where run.id = $1
)
insert into sagewai.attempts
       (run, seq, attempt, token, outcome, session, started_at, finished_at, step, result)
select id, seq, attempt, token, 1, session, least(step_started, moment), moment, $4, $6
  from held
returning 1
