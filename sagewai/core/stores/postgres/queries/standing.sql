-- How a run stands for an operator.
-- $1 run_id

select run.id, run.status, run.asked,
       exists (select from sagewai.dead_letters as letter where letter.run = run.id) as dead
  from sagewai.runs as run
 where run.run_id = $1
