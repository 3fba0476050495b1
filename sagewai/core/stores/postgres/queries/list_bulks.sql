-- Bulk jobs, the newest first.
-- $1 limit

select * from sagewai.bulk_jobs where id > 0 order by id desc limit $1
