-- $1 limit

select error_type, count(*) as count, max(failed_at) as newest_at,
       array_agg(distinct workflow order by workflow) as workflows
  from sagewai.dead_letters
 group by error_type
 order by count(*) desc, error_type
 limit $1
