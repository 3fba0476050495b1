-- One row without an event for a run that has none.
-- $1 run_id  $2 after  $3 limit

select event.id, run.run_id, event.at, event.kind, event.actor, event.source, event.assurance, event.reason, event.detail
  from sagewai.runs as run
  left join sagewai.events as event on event.run = any (array[run.id]) and event.id > $2
 where run.run_id = $1
 order by event.id
 limit $3
