-- Locks these runs in the order of their ids. How they stand is for the next statement to read: this one's view of what is
-- kept beside the runs is from before it had to wait for them.
-- $1 run_ids, each once

with listed as materialized (
  select run.id
    from unnest($1::text[]) as listed (run_id)
   cross join lateral (
     select run.id from sagewai.runs as run where run.run_id = any (array[listed.run_id])
   ) as run
),
wanted as materialized (select id from listed order by id)
select held.id
  from wanted
 cross join lateral (
   select run.id from sagewai.runs as run where run.id = any (array[wanted.id]) for no key update
 ) as held
