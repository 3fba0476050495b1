-- A page of runs, newest first, found by a tag. The other filters are for what that leaves.
-- Parameters as in list_by_workflow.sql.

with page as materialized (
  select tag.run as id
    from sagewai.run_tags as tag
   cross join lateral (
     select
       from sagewai.runs as run
      where run.id = any (array[tag.run]) and run.status + 0 = any ($1::int2[])
        and ($4::text is null or run.workflow = $4) and ($5::text is null or run.pool = $5)
        and ($8::text is null or run.run_id >= $8 and run.run_id < $9)
   ) as run
   where tag.key = $6 and tag.value = $7 and tag.run < $2
   order by tag.run desc
   limit $3
)
select run.*
  from page
 cross join lateral (select * from sagewai.run_overview where run_overview.id = page.id offset 0) as run
 order by run.id desc
