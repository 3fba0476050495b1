-- min_code: 2
--
-- Code that knows only 0001 could read all this, but it would let one reviewer decide where two must, claim runs that
-- were refused for its version, expire what should escalate, and write no audit.
--
--   waits.kind    2 timer, 3 signal, as in runs.wait
--   waits.status  1 pending, 2 fired, 3 expired

-- What steps wait for, in the order they asked; signal is the one that a wait took.
create table waits (
  id integer primary key autoincrement,
  run integer not null,
  step text not null,
  branch text not null,
  key text not null,
  kind integer not null,
  name text not null,
  status integer not null default 1,
  asked_at integer not null,
  due_at integer,
  settled_at integer,
  signal integer
) strict;
create unique index waits_of on waits (run, step, branch, key);
create index waits_pending on waits (run) where status = 1;

-- What was sent to runs: kept until a wait takes it.
create table signals (
  id integer primary key autoincrement,
  run integer not null,
  name text not null,
  payload text not null,
  sent_at integer not null,
  actor text not null,
  source text not null,
  assurance text not null,
  taken integer not null default 0
) strict;
create index signals_of on signals (run);
create index signals_kept on signals (run, name) where taken = 0;

-- When runs fail unless they are over. Only a sweep and a retry remove a row: the end of a run costs nothing here.
create table deadlines (run integer primary key, at integer not null) strict;
create index deadlines_at on deadlines (at);

-- What forks were made from, so that the same one again is known; step as it was asked for.
create table forks (run integer primary key, source integer not null, step text) strict;

-- policy as sagewai.core.policies.encode_policy gives it, null for anyone. The timeout, in microseconds, begins again
-- at each escalation. What verdict, reviewer and so on hold is the decision that settled the approval; shared is its.
alter table approvals add column policy text;
alter table approvals add column timeout integer;
alter table approvals add column level integer not null default 0;
alter table approvals add column claimed_by text;
alter table approvals add column claimed_until integer;
alter table approvals add column snoozed_until integer;
alter table approvals add column shared integer not null default 0;

-- Decisions before the one that settled the approval: there are some only where several reviewers must approve.
create table earlier_decisions (
  id integer primary key autoincrement,
  approval integer not null,
  verdict text not null,
  reviewer text not null,
  source text not null,
  assurance text not null,
  reason text not null,
  payload text,
  digest_seen text,
  decided_at integer not null,
  shared integer not null
) strict;
create index earlier_decisions_of on earlier_decisions (approval);

-- The chain of sagewai.core.audit, each text exactly as hashed.
create table audit (
  number integer primary key,
  at text not null,
  kind text not null,
  run_id text not null,
  actor text not null,
  source text not null,
  assurance text not null,
  reason text not null,
  detail text not null,
  hash text not null
) strict;
create trigger audit_only_grows before insert on audit
when new.number is not (select ifnull(max(number), 0) + 1 from audit) begin -- "or replace" would ask no other trigger
  select raise(abort, 'the audit is append-only');
end;
create trigger audit_stays before update on audit begin
  select raise(abort, 'the audit is append-only');
end;
create trigger audit_keeps before delete on audit begin
  select raise(abort, 'the audit is append-only');
end;

-- A run that its worker refused changes its route while it is held.
create trigger runs_rerouted after update of route on runs when new.route <> old.route and new.status = old.status begin
  update counters set n = n - 1 where status = old.status and route = old.route;
  insert into counters (status, route, n) values (new.status, new.route, 1)
    on conflict do update set n = n + 1;
end;
