-- Bulk jobs, the newest first.
-- $1 limit

select * from sagewai.bulk_jobs order by id desc limit $1
