-- min_code: 4
--
-- Calls inside steps, what they cost, and what runs may spend, each beside the run's row. Code that knows less would pay for
-- recorded calls again, and spend past a budget.

-- What was asked within a step, and what came back: added by the run's owner, never changed. identity is the SHA-256 of what
-- tells the calls of a step apart (see journaling.py), so that no name is too long for the index.
create table sagewai.calls (
  id bigint generated always as identity,
  run bigint not null,
  recorded_at timestamptz not null,
  cost float8,
  latency float8 not null,
  input_tokens bigint,
  output_tokens bigint,
  seq int not null,
  attempt int not null,
  position int not null,
  round int not null,
  kind text not null,
  step text not null,
  branch text not null,
  name text not null,
  model text not null,
  digest text not null,
  identity bytea not null,
  request text,
  response text not null
);
create unique index calls_of on sagewai.calls (run, seq, identity);

-- Kept sums over the calls of models, by day (UTC); written by the statement that records the calls.
create table sagewai.spending (
  day date not null,
  workflow text collate "C" not null,
  model text collate "C" not null,
  calls bigint not null,
  input_tokens bigint not null,
  output_tokens bigint not null,
  cost float8 not null,
  unpriced bigint not null,
  primary key (day, workflow, model)
) with (
  fillfactor = 50, autovacuum_vacuum_threshold = 200, autovacuum_vacuum_scale_factor = 0.2, autovacuum_vacuum_cost_delay = 0
);

-- What the calls of a run may cost, in USD and tokens.
create table sagewai.budgets (
  run bigint primary key,
  usd float8,
  tokens bigint,
  on_exceed text not null
);

-- The end of what a model is saying right now, one row a run. Gone after a crash: nobody is promised it. An update writes no
-- indexed column; rows that began long ago are swept away.
create unlogged table sagewai.tails (
  run bigint primary key,
  began_at timestamptz not null default now(),
  at timestamptz not null,
  step text not null,
  name text not null,
  text text not null
) with (
  fillfactor = 50, autovacuum_vacuum_threshold = 200, autovacuum_vacuum_scale_factor = 0.2, autovacuum_vacuum_cost_delay = 0
);
create index tails_began on sagewai.tails (began_at);

-- For those who may not read payloads. A digest is hidden too: what was asked may be guessed from it.
create view sagewai.call_overview as
select id, run, recorded_at, cost, latency, input_tokens, output_tokens, seq, attempt, position, round, kind, step, branch,
       name, model,
       case when (select sagewai.sees_payloads()) then digest else '[redacted]' end as digest,
       case when request is null or (select sagewai.sees_payloads()) then request else '"[redacted]"' end as request,
       case when (select sagewai.sees_payloads()) then response else '"[redacted]"' end as response
  from sagewai.calls;

create view sagewai.tail_overview as
select run, at, step, name, case when (select sagewai.sees_payloads()) then text else '[redacted]' end as text
  from sagewai.tails;
