-- min_code: 1
--
-- Timers, signals, deadlines and forks, each beside the run's row: its progress writes none of them.
--   waits.kind       2 timer, 3 signal, as in runs.wait
--   waits.status     1 pending, 2 fired, 3 expired

-- What steps wait for, in the order they asked. A signal's wait names the signal it took.
create table sagewai.waits (
  id bigint generated always as identity primary key,
  run bigint not null,
  asked_at timestamptz not null,
  due_at timestamptz,
  settled_at timestamptz,
  signal bigint,
  kind int2 not null,
  status int2 not null default 1,
  step text not null,
  branch text not null,
  key text not null,
  name text not null
) with (fillfactor = 80);
create unique index waits_of on sagewai.waits (run, step, branch, key);

-- What was sent to a run. One wait takes one signal, the oldest of its name first.
create table sagewai.signals (
  id bigint generated always as identity primary key,
  run bigint not null,
  sent_at timestamptz not null,
  taken boolean not null default false,
  name text not null,
  actor text not null,
  source text not null,
  assurance text not null,
  payload text not null
) with (fillfactor = 80);
create index signals_of on sagewai.signals (run, id);
create index signals_kept on sagewai.signals (run, name) where not taken;

-- When a run fails unless it is over. A sweep takes the row away once that time has come, however the run stands then.
create table sagewai.deadlines (
  run bigint primary key,
  at timestamptz not null
);
create index deadlines_at on sagewai.deadlines (at);

-- What a fork was made from: asked for again, it is the run that exists.
create table sagewai.forks (
  run bigint primary key,
  source bigint not null,
  step text
);

-- Who may decide, as sagewai.core.policies encodes it (null: anyone), and the seconds between two deadlines.
alter table sagewai.approvals add column policy text, add column timeout float8;
