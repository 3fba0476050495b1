-- What a fork copies of a run, apart from its steps.
-- $1 run_id

select run.id, run.workflow, run.pool, route.labels, run.seq, run.definition, definition.steps,
       coalesce(nullif(input.version, ''), definition.version, input.version, route.version) as version, input.digest
  from sagewai.runs as run
  join sagewai.routes as route on route.id = any (array[run.route])
  join sagewai.inputs as input on input.run = any (array[run.id])
  left join sagewai.definitions as definition on definition.id = any (array[run.definition])
 where run.run_id = $1
