-- A page of runs with a tag, latest change of status first: sorted where few have it, found among all changes where it is
-- common. The other filters are for what that leaves.
-- Parameters as in list_changed.sql.

with tagged as materialized (
  select tag.run from sagewai.run_tags as tag where tag.key = $6 and tag.value = $7 order by tag.run desc limit 5001
),
rare as materialized (select count(*) <= 5000 as yes from tagged),
page as materialized (
  (
    select run.id, run.changed_at
      from rare
     cross join tagged
     cross join lateral (
       select run.id, run.changed_at
         from sagewai.runs as run
        where run.id = any (array[tagged.run]) and run.status + 0 = any ($1::int2[])
          and ((run.changed_at, run.id) < ($10::timestamptz, $2::int8)) is true   -- by id, not by time
          and ($4::text is null or run.workflow = $4) and ($5::text is null or run.pool = $5)
          and ($8::text is null or run.run_id >= $8 and run.run_id < $9)
     ) as run
     where rare.yes
     order by run.changed_at desc, run.id desc
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
          and (select true from sagewai.run_tags where key = $6 and value = $7 and run_tags.run = run.id)
          and ($8::text is null or run.run_id >= $8 and run.run_id < $9)
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
