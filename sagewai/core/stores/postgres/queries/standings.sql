-- How runs stand for an operator.
-- $1 run_ids, each once

select run.run_id, run.id, run.status, run.asked, run.dead
  from unnest($1::text[]) as listed (run_id)
 cross join lateral (
   select run.run_id, run.id, run.status, run.asked,
          exists (select from sagewai.dead_letters as letter where letter.run = any (array[run.id])) as dead
     from sagewai.runs as run
    where run.run_id = any (array[listed.run_id])
 ) as run
