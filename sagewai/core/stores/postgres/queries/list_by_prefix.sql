-- A page of runs, newest first, found by how their run_id begins: among the latest runs where such ids are common, by the
-- index of the ids where they are rare, which tells each one's id and status too. The other filters are for what that leaves.
-- Parameters as in list_by_workflow.sql.

with sample as materialized (   -- whether ten thousand of the latest are likely to fill the page
  select count(*) * 20 >= $3 as is_common
    from (select * from sagewai.runs as run where run.id < $2 order by run.id desc limit 500) as newest
   where newest.run_id >= $8 and newest.run_id < $9 and newest.status = any ($1::int2[])
     and ($4::text is null or newest.workflow = $4) and ($5::text is null or newest.pool = $5)
),
latest as materialized (
  select recent.id
    from (
      select *
        from sagewai.runs as run
       where run.id < $2
       order by run.id desc
       limit (select case when is_common then 10000 else 0 end from sample)
    ) as recent
   where recent.run_id >= $8 and recent.run_id < $9 and recent.status = any ($1::int2[])
     and ($4::text is null or recent.workflow = $4) and ($5::text is null or recent.pool = $5)
     and ($6::text is null or (select true from sagewai.run_tags where key = $6 and value = $7 and run_tags.run = recent.id))
   order by recent.id desc
   limit $3
),
named as materialized (         -- from the index alone: ten thousand take two milliseconds
  select run.id
    from sagewai.runs as run
   where (select count(*) from latest) < $3 and run.run_id >= $8 and run.run_id < $9
     and run.id + 0 < $2::int8 and run.status + 0 = any ($1::int2[])
   order by run.id + 0 desc
),
page as materialized (
  select id from latest where (select count(*) from latest) = $3
  union all
  (
    select named.id             -- in the order they have: looked at one by one, until the page is full
      from named
     cross join lateral (
       select
         from sagewai.runs as run
        where run.id = any (array[named.id])
          and ($4::text is null or run.workflow = $4) and ($5::text is null or run.pool = $5)
          and ($6::text is null or (select true from sagewai.run_tags where key = $6 and value = $7 and run_tags.run = run.id))
       offset 0
     ) as run
     limit $3
  )
)
select run.*
  from page
 cross join lateral (select * from sagewai.run_overview where run_overview.id = page.id offset 0) as run
 order by run.id desc
