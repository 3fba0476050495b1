-- $1 run_id

select definition.steps, definition.max_attempts, definition.timeouts
  from sagewai.runs as run
  left join sagewai.definitions as definition on definition.id = run.definition
 where run.run_id = $1
