-- How runs stand for an operator, and how many stand so.
-- $1 run_ids, each once

select run.status, run.asked, run.dead, count(*) as runs
  from unnest($1::text[]) as listed (run_id)
 cross join lateral (
   select run.status, run.asked,
          exists (select from sagewai.dead_letters as letter where letter.run = any (array[run.id])) as dead
     from sagewai.runs as run
    where run.run_id = any (array[listed.run_id])
 ) as run
 group by run.status, run.asked, run.dead
