-- One row for a run that exists: the kept sum.
-- $1 run_id

select coalesce(spent.calls, 0) as calls, coalesce(spent.input_tokens, 0) as input_tokens,
       coalesce(spent.output_tokens, 0) as output_tokens, coalesce(spent.cost, 0) as cost,
       coalesce(spent.unpriced, 0) as unpriced
  from sagewai.runs as run
  left join sagewai.spent as spent on spent.run = any (array[run.id])
 where run.run_id = $1
