-- How many runs a pruning would remove, by status: counted, so not for a screen.
-- $1 statuses  $2 seconds since the last change

select run.status, count(*) as runs
  from unnest($1::int2[]) as wanted (status)
  join sagewai.runs as run on run.status = any (array[wanted.status]) and run.changed_at < now() - $2::float8 * interval '1 s'
 group by run.status
