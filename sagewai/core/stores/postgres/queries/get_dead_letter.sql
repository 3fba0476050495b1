-- $1 run_id

select letter.id, run.run_id, run.workflow, run.pool, letter.step, letter.attempts, letter.takeovers, ending.error,
       letter.failed_at
  from sagewai.runs as run
  join sagewai.dead_letters as letter on letter.run = any (array[run.id])
  left join sagewai.ending_overview as ending on ending.run = any (array[run.id])
 where run.run_id = $1
