-- $1 run_id

select input.input
  from sagewai.runs as run
  join sagewai.input_overview as input on input.run = any (array[run.id])
 where run.run_id = $1
