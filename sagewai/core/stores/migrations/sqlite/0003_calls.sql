-- min_code: 3
--
-- Code that knows less could read all this, but it would pay for recorded calls again, and heed no budget.

-- What steps asked of models or of functions they want called once, and what came back: one row per identity, for ever.
-- cost in USD, latency in seconds. What is long comes last, so that adding up doesn't read it.
create table calls (
  id integer primary key,
  run integer not null,
  seq integer not null,
  attempt integer not null,
  position integer not null,
  round integer not null,
  recorded_at integer not null,
  kind text not null,
  input_tokens integer,
  output_tokens integer,
  cost real,
  latency real not null,
  step text not null,
  branch text not null,
  name text not null,
  model text not null,
  digest text not null,
  request text,
  response text not null
) strict;
create unique index calls_of on calls (run, seq, branch, name, position, round, digest);

-- Kept sums over calls of kind model; day counts from 1970-01-01 (UTC).
create table spending (
  day integer not null,
  workflow integer not null,
  model text not null,
  calls integer not null,
  input_tokens integer not null,
  output_tokens integer not null,
  cost real not null,
  unpriced integer not null,
  primary key (day, workflow, model)
) strict, without rowid;

-- What the calls of a run may cost.
create table budgets (run integer primary key, usd real, tokens integer, on_exceed text not null) strict;

-- What runs are hearing from a model right now. Whoever writes one takes away those of long ago.
create table tails (
  run integer primary key,
  at integer not null,
  step text not null,
  name text not null,
  text text not null
) strict;
create index tails_at on tails (at);
