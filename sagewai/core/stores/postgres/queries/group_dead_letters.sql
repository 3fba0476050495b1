-- Dead letters by error type, as they are kept counted, with what hasn't been folded yet.
-- $1 limit

with counted as materialized (
  select error_type, workflow, sum(n) as n
    from (
      select error_type, workflow, n from sagewai.error_groups
      union all
      select error_type, workflow, n from sagewai.error_deltas
    ) as counted
   group by error_type, workflow
  having sum(n) > 0
),
grouped as materialized (
  select error_type, sum(n)::int8 as count, array_agg(workflow order by workflow) as workflows
    from counted
   group by error_type
   order by sum(n) desc, error_type
   limit $1
)
select grouped.error_type, grouped.count, newest.failed_at as newest_at, grouped.workflows
  from grouped
 cross join lateral (
   select letter.failed_at
     from sagewai.dead_letters as letter
    where letter.error_type = grouped.error_type
    order by letter.failed_at desc
    limit 1
 ) as newest
 order by grouped.count desc, grouped.error_type
