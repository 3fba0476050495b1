-- One row without a step for a run that has none.
-- $1 run_id

select attempt.step, attempt.result
  from sagewai.runs as run
  left join sagewai.attempt_overview as attempt on attempt.run = any (array[run.id]) and attempt.outcome = 1
 where run.run_id = $1
 order by attempt.seq
