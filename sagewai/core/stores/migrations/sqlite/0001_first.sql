-- min_code: 1
--
-- Times are microseconds since 1970 (UTC). Words are small numbers, listed in sagewai/core/stores/sqlite/words.py:
--   runs.status      1 pending, 2 running, 3 waiting, 4 paused, 5 completed, 6 failed, 7 rejected, 8 cancelled
--   runs.wait        1 approval, 2 timer, 3 signal
--   asked            1 cancel, 2 pause, 3 resume, 4 drain
--   attempts.outcome 1 completed, 2 failed, 3 timed out, 4 suspended, 5 lost, 6 released, 7 cancelled, 8 rejected
--   approvals.status 1 pending, 2 approved, 3 rejected, 4 superseded, 5 expired, 6 cancelled
--   sessions.status  1 active, 2 draining, 3 paused, 4 stopped, 5 lapsed

create table pools (id integer primary key, name text not null unique) strict;
create table workflows (id integer primary key, name text not null unique) strict;

-- Everything a claim compares, as one number. labels is the canonical text of the tagged label set.
create table routes (
  id integer primary key autoincrement,
  pool integer not null,
  workflow integer not null,
  version text not null,
  labels text not null,
  unique (pool, workflow, version, labels)
) strict;

create table definitions (
  id integer primary key,
  workflow integer not null,
  version text not null,
  fingerprint text not null,
  steps text not null,
  unique (workflow, version, fingerprint, steps)
) strict;

-- A session's workflows; the newest session that brought a definition decides what runs without one take.
create table session_definitions (
  workflow integer not null,
  session integer not null,
  definition integer not null,
  primary key (workflow, session)
) strict, without rowid;
create index session_definitions_of on session_definitions (session);

create table sessions (
  id integer primary key autoincrement,
  name text not null,
  kind text not null,
  pool text not null,
  labels text not null,
  workflows text not null,
  status integer not null default 1,
  asked integer,
  lease_ttl integer not null,
  lease_until integer not null,
  beat_at integer not null,
  started_at integer not null,
  ended_at integer,
  max_concurrent integer not null,
  host text not null,
  boot_id text not null,
  pid_namespace text not null,
  pid integer not null,
  process_started text not null
) strict;
create index sessions_live on sessions (lease_until) where status <= 3;
create index sessions_ended on sessions (ended_at) where ended_at is not null;

-- The hot row. Progress (rev, seq, attempt, step, step_started, takeovers while it is 0) touches no index.
create table runs (
  id integer primary key autoincrement,
  run_id text not null,
  status integer not null,
  wait integer,
  route integer not null,
  pool integer not null,
  workflow integer not null,
  definition integer,
  priority integer not null,
  token integer not null,
  rev integer not null,
  seq integer not null default 0,
  attempt integer not null default 1,
  wakeups integer not null default 0,
  takeovers integer not null default 0,
  asked integer,
  session integer,
  assigned integer,
  assigned_until integer,
  created_at integer not null,
  changed_at integer not null,
  due_at integer,
  step_started integer,
  step text
) strict;
create unique index runs_by_id on runs (run_id);
-- What is ready, in claim order; a suspect (two takeovers or more) stands apart, since a session holds one at most.
create index runs_ready on runs (route, (takeovers >= 2), priority desc, id) where status = 1;
create index runs_waited on runs (pool, changed_at) where status = 1;
create index runs_due on runs (due_at) where status = 3 and due_at is not null;
create index runs_held on runs (session) where session is not null;
create index runs_assigned on runs (assigned) where assigned is not null;
-- Listings. The rowid ends every index, so each of them is in order of submission behind its columns.
create index runs_status on runs (status);
create index runs_changed on runs (changed_at);
create index runs_status_changed on runs (status, changed_at);
create index runs_workflow on runs (workflow, status);
create index runs_workflow_changed on runs (workflow, status, changed_at);
create index runs_pool on runs (pool, status);
create index runs_pool_changed on runs (pool, status, changed_at);

create table run_inputs (
  run integer primary key,
  submitted_by text not null,
  tags text,
  digest text not null,
  input text not null
) strict;

create table tags (id integer primary key, key text not null, value text not null, unique (key, value)) strict;
create table run_tags (tag integer not null, run integer not null, primary key (tag, run)) strict, without rowid;

-- What was asked of a running run: by whom first, and until when a cancel may go unheeded.
create table asks (
  run integer primary key,
  ask integer not null,
  actor text not null,
  source text not null,
  assurance text not null,
  reason text not null,
  overdue_at integer
) strict;
create index asks_overdue on asks (overdue_at) where overdue_at is not null;

-- How a run ended, where its last attempt doesn't tell: gone again when it is retried.
create table endings (
  run integer primary key,
  actor text not null,
  reason text not null,
  error text
) strict;

create table attempts (
  id integer primary key,
  run integer not null,
  seq integer not null,
  attempt integer not null,
  token integer not null,
  outcome integer not null,
  session integer,
  started_at integer not null,
  finished_at integer not null,
  delay real,                           -- seconds
  step text not null,
  error text,
  result text
) strict;
create unique index attempts_of on attempts (run, seq, attempt, token);

create table events (
  id integer primary key autoincrement,
  run integer,
  at integer not null,
  kind text not null,
  actor text not null,
  source text not null,
  assurance text not null,
  reason text not null,
  detail text
) strict;
create index events_of on events (run);
create index events_of_people on events (id) where source <> 'worker';

create table approvals (
  id integer primary key autoincrement,
  run integer not null,
  step text not null,
  branch text not null,
  gate text not null,
  status integer not null default 1,
  revision integer not null,
  digest text not null,
  context_bytes integer not null,
  requested_at integer not null,
  deadline_at integer,
  prompt text not null,
  verdict text,
  reviewer text,
  source text,
  assurance text,
  reason text,
  digest_seen text,
  decided_at integer,
  payload text
) strict;
create index approvals_of on approvals (run);
create index approvals_pending on approvals (run) where status = 1;
create index approvals_due on approvals (deadline_at) where status = 1 and deadline_at is not null;
create index approvals_listed on approvals (status, ifnull(deadline_at, 9223372036854775807));
create index approvals_all on approvals (ifnull(deadline_at, 9223372036854775807));
create table approval_contexts (approval integer primary key, context text not null) strict;

create table dead_letters (
  id integer primary key autoincrement,
  run integer not null unique,
  workflow integer not null,
  error_type text not null,
  attempts integer not null,
  takeovers integer not null,
  failed_at integer not null,
  step text,
  error text not null
) strict;
create index dead_letters_type on dead_letters (error_type);
create index dead_letters_workflow on dead_letters (workflow);

-- Kept counters, written by triggers so that no statement can forget them.
create table counters (status integer, route integer, n integer not null, primary key (status, route))
  strict, without rowid;
create table arrivals (status integer primary key, n integer not null) strict;
insert into arrivals (status, n) values (1, 0), (2, 0), (3, 0), (4, 0), (5, 0), (6, 0), (7, 0), (8, 0);
create table error_groups (error_type text, workflow integer, n integer not null, primary key (error_type, workflow))
  strict, without rowid;
create table pending_approvals (n integer not null) strict;
insert into pending_approvals (n) values (0);

create trigger runs_inserted after insert on runs begin
  insert into counters (status, route, n) values (new.status, new.route, 1)
    on conflict do update set n = n + 1;
  update arrivals set n = n + 1 where status = new.status;
end;
create trigger runs_moved after update of status on runs when new.status <> old.status begin
  update counters set n = n - 1 where status = old.status and route = old.route;
  insert into counters (status, route, n) values (new.status, new.route, 1)
    on conflict do update set n = n + 1;
  update arrivals set n = n + 1 where status = new.status;
end;
create trigger runs_deleted after delete on runs begin
  update counters set n = n - 1 where status = old.status and route = old.route;
end;

create trigger dead_letters_inserted after insert on dead_letters begin
  insert into error_groups (error_type, workflow, n) values (new.error_type, new.workflow, 1)
    on conflict do update set n = n + 1;
end;
create trigger dead_letters_deleted after delete on dead_letters begin
  update error_groups set n = n - 1 where error_type = old.error_type and workflow = old.workflow;
  delete from error_groups where error_type = old.error_type and workflow = old.workflow and n = 0;
end;

create trigger approvals_inserted after insert on approvals when new.status = 1 begin
  update pending_approvals set n = n + 1;
end;
create trigger approvals_moved after update of status on approvals when new.status <> old.status begin
  update pending_approvals set n = n + (new.status = 1) - (old.status = 1);
end;
create trigger approvals_deleted after delete on approvals when old.status = 1 begin
  update pending_approvals set n = n - 1;
end;
