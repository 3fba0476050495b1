-- The oldest bulk job that ended long ago, with its list.
-- $1 seconds since its end

with old as materialized (
  select id
    from sagewai.bulk_jobs
   where ended_at < now() - $1::float8 * interval '1 s'
   order by ended_at
   limit 1
     for update skip locked
),
listed as (
  delete from sagewai.bulk_items as item using old where item.job = any (array[old.id])
),
gone as (
  delete from sagewai.bulk_jobs as job using old where job.id = any (array[old.id])
)
select id from old
