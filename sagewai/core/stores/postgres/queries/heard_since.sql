-- What a listener may have missed while it wasn't listening.
-- $1 seconds

select coalesce(
         (select max(changed_at) from sagewai.runs where status = 1) > clock_timestamp() - $1::float8 * interval '1 s', false
       ) as work,
       coalesce(
         (
           select max(latest.changed_at)
             from unnest('{3,4,5,6,7,8}'::int2[]) as rest (status)
            cross join lateral (
              select max(run.changed_at) as changed_at from sagewai.runs as run where run.status = rest.status
            ) as latest
         ) > clock_timestamp() - $1::float8 * interval '1 s', false
       ) as done
