-- $1 job

select * from sagewai.bulk_jobs where id = $1
