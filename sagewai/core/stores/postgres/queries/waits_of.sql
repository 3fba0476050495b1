-- $1 run_id  $2 step, or null for all

select wait.step, wait.branch, wait.key, wait.kind, wait.name, wait.status, wait.asked_at, wait.due_at, wait.settled_at,
       signal.payload, signal.actor, signal.source, signal.assurance
  from sagewai.runs as run
  join sagewai.waits as wait on wait.run = any (array[run.id]) and ($2::text is null or wait.step = $2)
  left join sagewai.signal_overview as signal on signal.id = any (array[wait.signal])
 where run.run_id = $1
 order by wait.id + 0   -- by run, not by id
