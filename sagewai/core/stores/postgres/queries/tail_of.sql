-- One row without a time for a run that isn't running or says nothing.
-- $1 run_id

select tail.step, tail.name, tail.text, tail.at
  from sagewai.runs as run
  left join sagewai.tail_overview as tail on tail.run = any (array[run.id]) and run.status = 2
 where run.run_id = $1
