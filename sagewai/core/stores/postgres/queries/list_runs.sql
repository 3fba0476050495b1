-- A page of runs, newest first, whatever their status.
-- $1 statuses (all)  $2 ids below this one  $3 limit

with page as materialized (
  select run.id
    from sagewai.runs as run
   where run.id < $2 and run.status + 0 = any ($1::int2[])
   order by run.id desc
   limit $3
)
select run.*
  from page
 cross join lateral (select * from sagewai.run_overview where run_overview.id = page.id offset 0) as run
 order by run.id desc
