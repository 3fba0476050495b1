-- Runs that a session holds, newest first.
-- $1 session  $2 limit

with page as materialized (
  select run.id
    from sagewai.runs as run
   where run.session = $1
   order by run.id + 0 desc     -- by session, and sorted: not in the order of ids
   limit $2
)
select run.*
  from page
 cross join lateral (select * from sagewai.run_overview where run_overview.id = page.id offset 0) as run
 order by run.id desc
