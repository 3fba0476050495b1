-- $1 run_id  $2 seq of a step, or null for all  $3 id to begin after  $4 how many, or null for all

select call.*
  from sagewai.runs as run
  join sagewai.call_overview as call
    on call.run = any (array[run.id]) and ($2::int4 is null or call.seq = $2) and call.id > $3::int8
 where run.run_id = $1
 order by call.id + 0   -- by run, not by id
 limit $4::int8
