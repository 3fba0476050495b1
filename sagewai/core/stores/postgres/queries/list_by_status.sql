-- A page of runs, newest first, found by status: each pool has them in that order, and only those pools are looked through
-- whose newest may be on the page.
-- $1 statuses  $2 ids below this one  $3 limit

with recursive known as (      -- each pool once, however many routes it has
  (select route.pool from sagewai.routes as route order by route.pool limit 1)
  union all
  select next.pool
    from known
   cross join lateral (
     select route.pool from sagewai.routes as route where route.pool > known.pool order by route.pool limit 1
   ) as next
),
head as materialized (
  select known.pool, wanted.status, newest.id
    from known
   cross join unnest($1::int2[]) as wanted (status)
   cross join lateral (
     select run.id
       from sagewai.runs as run
      where run.pool = known.pool and run.status + 0 = wanted.status and run.id + 0 < $2::int8
      order by run.id + 0 desc
      limit 1
   ) as newest
   order by newest.id desc
   limit $3
),
page as materialized (
  select found.id
    from head
   cross join lateral (
     select run.id
       from sagewai.runs as run
      where run.pool = head.pool and run.status + 0 = head.status and run.id + 0 < $2::int8
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
