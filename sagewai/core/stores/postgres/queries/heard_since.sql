-- What a listener may have missed while it wasn't listening.
-- $1 seconds

select exists (
         select from sagewai.runs where status = 1 and changed_at > clock_timestamp() - $1::float8 * interval '1 s'
       ) as work,
       exists (
         select
           from unnest('{3,4,5,6,7,8}'::int2[]) as rest (status)
          cross join lateral (
            select
              from sagewai.runs as run
             where run.status = rest.status and run.changed_at > clock_timestamp() - $1::float8 * interval '1 s'
             limit 1
          ) as run
       ) as done
