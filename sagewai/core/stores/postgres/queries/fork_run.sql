-- A new run that begins with a copy of another's first steps. What it copies was recorded for good, or is never written
-- again, so nothing of the source is locked. A run_id that was taken meanwhile is a unique violation.
--
-- $1 source  $2 run_id  $3 route  $4 version  $5 how many steps are copied  $6 the step it was asked for from, or null
-- $7 input or null  $8 input digest  $9 actor  $10 source of the actor  $11 assurance  $12 reason

with source as materialized (
  select run.*, input.tags, coalesce($7, input.input) as input, definition.steps[$5::int4 + 1] as first_step,
         nextval('sagewai.runs_id_seq') as fork, clock_timestamp() as moment
    from (
      select id, run_id, workflow, pool, priority, definition from sagewai.runs as run where run.id = $1
    ) as run
    join sagewai.inputs as input on input.run = any (array[run.id])
    join sagewai.definitions as definition on definition.id = any (array[run.definition])
),
born as (
  insert into sagewai.runs (id, created_at, route, priority, definition, seq, status, changed_at, step, run_id, workflow, pool)
  select fork, moment, $3::int4, priority, definition, $5, 1, moment, first_step, $2, workflow, pool from source
),
kept as (
  insert into sagewai.inputs (run, submitted_by, digest, version, tags, input)
  select fork, $9, $8, $4, tags, input from source
),
tagged as (
  insert into sagewai.run_tags (key, value, run)
  select tag.key, tag.value, source.fork from source cross join lateral jsonb_each_text(source.tags) as tag
),
copied as (
  insert into sagewai.attempts
         (run, seq, attempt, token, outcome, session, started_at, finished_at, step, result)
  select source.fork, attempt.seq, attempt.attempt, 0, 1, attempt.session, attempt.started_at, attempt.finished_at,
         attempt.step, attempt.result
    from source
    join sagewai.attempts as attempt on attempt.run = any (array[source.id]) and attempt.seq < $5
   where attempt.outcome = 1
),
bounded as (                    -- it has spent nothing yet
  insert into sagewai.budgets (run, usd, tokens, on_exceed)
  select source.fork, budget.usd, budget.tokens, budget.on_exceed
    from source
    join sagewai.budgets as budget on budget.run = any (array[source.id])
),
noted as (
  insert into sagewai.forks (run, source, step) select fork, id, $6 from source
),
told as (
  insert into sagewai.events (run, at, kind, actor, source, assurance, reason, detail)
  select event.run, source.moment, event.kind, $9, $10, $11, event.reason, event.detail::text
    from source
   cross join lateral (
     values (1, source.fork, 'submitted', '',
             json_build_object('pool', source.pool, 'priority', source.priority, 'delay', null)),
            (2, source.fork, 'forked', $12::text, json_build_object('source', source.run_id, 'step', $6::text)),
            (3, source.id, 'forked', $12::text, json_build_object('fork', $2::text, 'step', $6::text))
   ) as event (place, run, kind, reason, detail)
   order by event.place
),
hint as materialized (select pg_notify('sagewai_work', '') where exists (select from source))
select source.fork from source cross join (select count(*) from hint) as hinted
