-- One row without an attempt for a run that has none.
-- $1 run_id

select attempt.seq, attempt.step, attempt.attempt, attempt.token, session.name as worker, attempt.outcome,
       attempt.started_at, attempt.finished_at, attempt.result_bytes, attempt.error, attempt.delay
  from sagewai.runs as run
  left join sagewai.attempt_overview as attempt on attempt.run = any (array[run.id])
  left join sagewai.sessions as session on session.id = any (array[attempt.session])
 where run.run_id = $1
 order by attempt.finished_at, attempt.seq, attempt.attempt, attempt.token
