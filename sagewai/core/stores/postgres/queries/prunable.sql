-- How many runs a pruning would remove, by status: counted, so not for a screen.
-- $1 statuses  $2 seconds since the last change

select run.status, count(*) as runs
  from unnest($1::int2[]) as wanted (status)
 cross join lateral (
   select run.status
     from sagewai.runs as run
    where run.status = wanted.status and run.changed_at < now() - $2::float8 * interval '1 s'
    order by run.changed_at, run.id       -- as the index has them that is meant
 ) as run
 group by run.status
