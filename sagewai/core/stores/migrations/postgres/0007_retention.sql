-- min_code: 6
--
-- Dead letters counted by error, what retention looks for, and room for what moves.

-- Dead letters by error type and workflow. Counts are kept as the others are: appended, then folded.
create table sagewai.error_groups (
  error_type text collate "C" not null,
  workflow text collate "C" not null,
  n bigint not null,
  primary key (error_type, workflow)
) with (fillfactor = 50, autovacuum_vacuum_threshold = 200, autovacuum_vacuum_scale_factor = 0.2);
create table sagewai.error_deltas (
  error_type text collate "C" not null,
  workflow text collate "C" not null,
  n bigint not null
) with (autovacuum_vacuum_threshold = 2000, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_cost_delay = 0);

lock table sagewai.dead_letters in share row exclusive mode;   -- nobody dies uncounted between the old trigger and the new
insert into sagewai.error_groups (error_type, workflow, n)
select error_type, workflow, count(*) from sagewai.dead_letters group by error_type, workflow;
create index dead_letters_newest on sagewai.dead_letters (error_type, failed_at);

-- With the owner's rights: who may bury a dead letter needs no right to its counts.
create or replace function sagewai.count_dead_letters() returns trigger language plpgsql security definer
  set search_path = pg_catalog, pg_temp as $$
begin
  if tg_op = 'INSERT' then
    insert into sagewai.counter_deltas (pool, what, n) select '', 101, count(*) from arrived having count(*) > 0;
    insert into sagewai.error_deltas (error_type, workflow, n)
    select error_type, workflow, count(*) from arrived group by error_type, workflow;
  else
    insert into sagewai.counter_deltas (pool, what, n) select '', 101, -count(*) from gone having count(*) > 0;
    insert into sagewai.error_deltas (error_type, workflow, n)
    select error_type, workflow, -count(*) from gone group by error_type, workflow;
  end if;
  return null;
end
$$;
revoke execute on function sagewai.count_dead_letters() from public;

-- Room on a page for three versions of each row: where batches overlap, what the one before replaced can't be cleared away
-- yet, and a row that finds no room goes through all indexes.
alter table sagewai.runs set (fillfactor = 30);

-- What is pruned at a thousand runs a second is cleared away as fast: the defaults wait for a fifth of the table, and then
-- take their time.
alter table sagewai.inputs set (autovacuum_vacuum_scale_factor = 0.05, autovacuum_vacuum_cost_delay = 0);
alter table sagewai.attempts set (autovacuum_vacuum_scale_factor = 0.05, autovacuum_vacuum_cost_delay = 0);
alter table sagewai.events set (autovacuum_vacuum_scale_factor = 0.05, autovacuum_vacuum_cost_delay = 0);
alter table sagewai.run_tags set (autovacuum_vacuum_scale_factor = 0.05, autovacuum_vacuum_cost_delay = 0);

create index bulk_jobs_ended on sagewai.bulk_jobs (ended_at) where ended_at is not null;
