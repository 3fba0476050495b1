-- The job that is advanced next, if any.

select * from sagewai.bulk_jobs where status = 1 and id > 0 order by id limit 1
