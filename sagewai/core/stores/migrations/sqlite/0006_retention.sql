-- min_code: 5
--
-- What retention looks for.
create index bulk_jobs_ended on bulk_jobs (ended_at) where ended_at is not null;
