-- min_code: 3
--
-- Bulk jobs, worked off by whoever is alive.
--
--   bulk_jobs.status    1 running, 2 stopped, 3 done
--   bulk_items.outcome  1 left, 2 done, 3 refused

-- One verb for a list of runs. done and refused count the items that are settled.
create table bulk_jobs (
  id integer primary key autoincrement,
  verb text not null,
  status integer not null default 1,
  total integer not null,
  done integer not null default 0,
  refused integer not null default 0,
  actor text not null,
  source text not null,
  assurance text not null,
  reason text not null,
  created_at integer not null,
  ended_at integer
) strict;
create index bulk_jobs_running on bulk_jobs (id) where status = 1;

-- The frozen list; detail says why an item was refused.
create table bulk_items (
  job integer not null,
  number integer not null,
  outcome integer not null default 1,
  run_id text not null,
  detail text not null default '',
  primary key (job, number)
) strict, without rowid;
create index bulk_items_by_outcome on bulk_items (job, outcome, number);
