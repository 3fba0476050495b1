-- One row without a signal for a run that has none.
-- $1 run_id

select signal.id, signal.name, signal.payload, signal.sent_at, signal.actor, signal.source, signal.assurance, signal.taken
  from sagewai.runs as run
  left join sagewai.signal_overview as signal on signal.run = any (array[run.id])
 where run.run_id = $1
 order by signal.id + 0
