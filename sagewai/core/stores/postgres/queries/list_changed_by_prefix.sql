-- A page of runs, latest change of status first, found by how their run_id begins: sorted where few begin so, found among all
-- changes where many do. The other filters are for what that leaves.
-- Parameters as in list_changed.sql.

with sample as materialized (   -- where a fiftieth of the latest runs begin so, those that do aren't even counted
  select count(*) >= 10 as is_common
    from (select run.run_id from sagewai.runs as run where run.id < 9223372036854775807 order by run.id desc limit 500) as newest
   where newest.run_id >= $8 and newest.run_id < $9
),
named as materialized (         -- from the index alone
  select run.id, run.status, run.changed_at
    from sagewai.runs as run
   where run.run_id >= $8 and run.run_id < $9
   limit (select case when is_common then 0 else 20001 end from sample)
),
rare as materialized (
  select not is_common and (select count(*) from named) <= 20000 as yes from sample
),
sorted as materialized (
  select named.id, named.changed_at
    from rare
   cross join named
   where rare.yes and named.status = any ($1::int2[]) and (named.changed_at, named.id) < ($10::timestamptz, $2::int8)
   order by named.changed_at desc, named.id desc
   limit case when coalesce($4, $5, $6) is null then $3::int8 end
),
page as materialized (
  (
    select sorted.id, sorted.changed_at       -- in the order they have: looked at one by one, until the page is full
      from sorted
     cross join lateral (
       select
         from sagewai.runs as run
        where run.id = any (array[sorted.id])
          and ($4::text is null or run.workflow = $4) and ($5::text is null or run.pool = $5)
          and ($6::text is null or (select true from sagewai.run_tags where key = $6 and value = $7 and run_tags.run = run.id))
       offset 0
     ) as run
     limit $3
  )
  union all
  (
    select found.id, found.changed_at
      from rare
     cross join unnest($1::int2[]) as wanted (status)
     cross join lateral (
       select run.id, run.changed_at
         from sagewai.runs as run
        where run.status = wanted.status and (run.changed_at, run.id) < ($10::timestamptz, $2::int8)
          and ($4::text is null or run.workflow = $4) and ($5::text is null or run.pool = $5)
          and ($6::text is null or (select true from sagewai.run_tags where key = $6 and value = $7 and run_tags.run = run.id))
          and run.run_id >= $8 and run.run_id < $9
        order by run.changed_at desc, run.id desc
        limit $3
     ) as found
     where not rare.yes
     order by found.changed_at desc, found.id desc
     limit $3
  )
)
select run.*
  from page
 cross join lateral (select * from sagewai.run_overview where run_overview.id = page.id offset 0) as run
 order by run.changed_at desc, run.id desc
