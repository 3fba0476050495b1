-- A page of runs, newest first, found by pool and status. The other filters are for what that leaves.
-- Parameters and order as in list_by_workflow.sql.

with page as materialized (
  select found.id
    from unnest($1::int2[]) as wanted (status)
   cross join lateral (
     select run.id
       from sagewai.runs as run
      where run.pool = $5 and run.status + 0 = wanted.status and run.id + 0 < $2::int8
        and ($4::text is null or run.workflow = $4)
        and ($6::text is null or (select true from sagewai.run_tags where key = $6 and value = $7 and run_tags.run = run.id))
        and ($8::text is null or run.run_id >= $8 and run.run_id < $9)
      order by run.id + 0 desc
      limit $3
   ) as found
   order by found.id desc
   limit $3
)
select run.*
  from page
 cross join lateral (select * from sagewai.run_overview where run_overview.id = page.id offset 0) as run
 order by run.id desc
