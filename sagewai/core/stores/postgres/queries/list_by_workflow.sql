-- A page of runs, newest first, found by workflow and status. The other filters are for what that leaves.
-- Its order is that of an expression (id + 0), which one index alone has: no belief about the table leads elsewhere.
--
-- Of every listing of runs with filters: $1 statuses  $2 ids below this one  $3 limit  $4 workflow  $5 pool  $6, $7 tag
-- $8 prefix  $9 what comes after everything with the prefix

with page as materialized (
  select found.id
    from unnest($1::int2[]) as wanted (status)
   cross join lateral (
     select run.id
       from sagewai.runs as run
      where run.workflow = $4 and run.status + 0 = wanted.status and run.id + 0 < $2::int8
        and ($5::text is null or run.pool = $5)
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
