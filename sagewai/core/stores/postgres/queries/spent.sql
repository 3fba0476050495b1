-- One row for a run that exists.
-- $1 run_id

select spent.*
  from sagewai.runs as run
 cross join lateral (
   select count(*) as calls, coalesce(sum(call.input_tokens), 0)::int8 as input_tokens,
          coalesce(sum(call.output_tokens), 0)::int8 as output_tokens, coalesce(sum(call.cost), 0) as cost,
          count(*) filter (where call.cost is null) as unpriced
     from sagewai.calls as call
    where call.run = run.id and call.kind = 'model'
 ) as spent
 where run.run_id = $1
