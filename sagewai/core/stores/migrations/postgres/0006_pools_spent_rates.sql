-- min_code: 6
--
-- Paused pools, what each run has spent, and how many runs came into each status minute by minute. Code that knows less
-- would claim from a paused pool.

-- Nothing is claimed from these, whoever serves them.
create table sagewai.paused_pools (
  pool text collate "C" primary key,
  paused_at timestamptz not null default now()
);

-- What the model calls of a run have cost, written by the statement that records them; no row where there is none. Beside the
-- run's row, so that a step's progress doesn't carry it along.
create table sagewai.spent (
  run bigint primary key,
  calls bigint not null,
  input_tokens bigint not null,
  output_tokens bigint not null,
  cost float8 not null,
  unpriced bigint not null
) with (
  fillfactor = 50, autovacuum_vacuum_threshold = 200, autovacuum_vacuum_scale_factor = 0.2, autovacuum_vacuum_cost_delay = 0
);
insert into sagewai.spent (run, calls, input_tokens, output_tokens, cost, unpriced)
select run, count(*), coalesce(sum(input_tokens), 0), coalesce(sum(output_tokens), 0), coalesce(sum(cost), 0),
       count(*) filter (where cost is null)
  from sagewai.calls
 where kind = 'model'
 group by run;

-- A run as it is listed, with what it has spent.
create or replace view sagewai.run_overview as
select run.id, run.run_id, run.workflow, run.status, run.wait, run.pool, route.labels,
       coalesce(nullif(input.version, ''), definition.version, input.version, route.version) as version,
       run.priority, input.tags,
       case when run.status <> 5 then run.step end as step,
       run.seq as steps_done,
       coalesce(cardinality(definition.steps), 0) as steps_total,
       run.attempt,
       coalesce(definition.max_attempts[least(run.seq + 1, cardinality(definition.max_attempts))], 1) as max_attempts,
       run.token, run.takeovers, run.asked, session.name as worker, run.session,
       run.created_at, run.changed_at,
       case when run.status = 2 then run.step_started end as step_started_at,
       run.due_at, input.submitted_by, deadline.at as deadline_at,
       coalesce(spent.calls, 0) as calls, coalesce(spent.input_tokens, 0) as input_tokens,
       coalesce(spent.output_tokens, 0) as output_tokens, coalesce(spent.cost, 0) as cost,
       coalesce(spent.unpriced, 0) as unpriced
  from sagewai.runs as run
  join sagewai.routes as route on route.id = any (array[run.route])
  join sagewai.inputs as input on input.run = any (array[run.id])
  left join sagewai.definitions as definition on definition.id = any (array[run.definition])
  left join sagewai.sessions as session on session.id = any (array[run.session])
  left join sagewai.deadlines as deadline on deadline.run = any (array[run.id])
  left join sagewai.spent as spent on spent.run = any (array[run.id]);

-- When a status changed, so that whoever folds the change can tell its minute; null for what was counted before this. A
-- statement takes runs from one status and brings them into others, so that a positive change is how many came.
alter table sagewai.counter_deltas add column at timestamptz;
alter table sagewai.counter_deltas alter column at set default now();

-- How many runs came into a status within the minute that begins at this time. Written by the fold, kept for a day.
create table sagewai.minutes (
  at timestamptz not null,
  status int2 not null,
  n bigint not null,
  primary key (at, status)
) with (fillfactor = 50, autovacuum_vacuum_threshold = 200, autovacuum_vacuum_scale_factor = 0.2);

-- A run that goes a single step is pending, and asked to pause. Whatever else takes it from there takes the ask away; a claim
-- leaves it.
create function sagewai.forget_ask() returns trigger language plpgsql set search_path = pg_catalog, pg_temp as $$
begin
  update sagewai.runs set asked = null where id = new.id;
  delete from sagewai.asks where run = new.id;
  return null;
end
$$;
create trigger runs_stepped after update of status on sagewai.runs for each row
  when (old.status = 1 and old.asked is not null and new.status > 2)
  execute function sagewai.forget_ask();
