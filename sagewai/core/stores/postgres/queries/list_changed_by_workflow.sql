-- A page of runs, latest change of status first, found by workflow and status. Those that run are in no such order: they are
-- sorted where the workflow has few of them, and found among all that run where it has many. The other filters are for what
-- that leaves.
-- Parameters as in list_changed.sql.

with few as materialized (
  select count(*) <= 1000 as yes
    from (
      select from sagewai.runs as run
       where run.workflow = $4 and run.status + 0 = 2 and 2 = any ($1::int2[])
       order by run.id + 0 desc
       limit 1001
    ) as running
),
page as materialized (
  select found.id, found.changed_at
    from (
      select rest.id, rest.changed_at
        from unnest($1::int2[]) as wanted (status)
       cross join lateral (
         select run.id, run.changed_at
           from sagewai.runs as run
          where run.workflow = $4 and run.status + 0 = wanted.status and run.status <> 2
            and (run.changed_at, run.id + 0) < ($10::timestamptz, $2::int8)
            and ($5::text is null or run.pool = $5)
            and ($6::text is null or (select true from sagewai.run_tags where key = $6 and value = $7 and run_tags.run = run.id))
            and ($8::text is null or run.run_id >= $8 and run.run_id < $9)
          order by run.changed_at desc, run.id + 0 desc
          limit $3
       ) as rest
       where wanted.status <> 2
      union all
      select running.id, running.changed_at
        from few
       cross join lateral (
         select run.id, run.changed_at
           from sagewai.runs as run
          where run.workflow = $4 and run.status + 0 = 2 and run.id + 0 > 0   -- by workflow, and all of them
            and ((run.changed_at, run.id) < ($10::timestamptz, $2::int8)) is true
            and ($5::text is null or run.pool = $5)
            and ($6::text is null or (select true from sagewai.run_tags where key = $6 and value = $7 and run_tags.run = run.id))
            and ($8::text is null or run.run_id >= $8 and run.run_id < $9)
       ) as running
       where few.yes and 2 = any ($1::int2[])
      union all
      select running.id, running.changed_at
        from few
       cross join lateral (
         select run.id, run.changed_at
           from sagewai.runs as run
          where run.status = 2 and (run.changed_at, run.id) < ($10::timestamptz, $2::int8)
            and run.workflow || '' = $4     -- by change
            and ($5::text is null or run.pool = $5)
            and ($6::text is null or (select true from sagewai.run_tags where key = $6 and value = $7 and run_tags.run = run.id))
            and ($8::text is null or run.run_id >= $8 and run.run_id < $9)
          order by run.changed_at desc, run.id desc
          limit $3
       ) as running
       where not few.yes
    ) as found
   order by found.changed_at desc, found.id desc
   limit $3
)
select run.*
  from page
 cross join lateral (select * from sagewai.run_overview where run_overview.id = page.id offset 0) as run
 order by run.changed_at desc, run.id desc
