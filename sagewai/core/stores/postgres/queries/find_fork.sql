-- Whether a run exists, and what it was forked from.
-- $1 run_id

select fork.source, fork.step, input.digest
  from sagewai.runs as run
  join sagewai.inputs as input on input.run = any (array[run.id])
  left join sagewai.forks as fork on fork.run = any (array[run.id])
 where run.run_id = $1
