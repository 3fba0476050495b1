-- A page of runs, latest change of status first, found by status. The other filters are for what that leaves.
-- Parameters as in list_by_workflow.sql, and $10 changes at or before this moment: at it, ids below $2.

with page as materialized (
  select found.id
    from unnest($1::int2[]) as wanted (status)
   cross join lateral (
     select run.id, run.changed_at
       from sagewai.runs as run
      where run.status = wanted.status and (run.changed_at, run.id) < ($10::timestamptz, $2::int8)
        and ($4::text is null or run.workflow = $4) and ($5::text is null or run.pool = $5)
        and ($6::text is null or (select true from sagewai.run_tags where key = $6 and value = $7 and run_tags.run = run.id))
        and ($8::text is null or run.run_id >= $8 and run.run_id < $9)
      order by run.changed_at desc, run.id desc
      limit $3
   ) as found
   order by found.changed_at desc, found.id desc
   limit $3
)
select run.*
  from page
 cross join lateral (select * from sagewai.run_overview where run_overview.id = page.id offset 0) as run
 order by run.changed_at desc, run.id desc
