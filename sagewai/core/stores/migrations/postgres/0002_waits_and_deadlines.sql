-- min_code: 2
--
-- Timers, signals, deadlines and forks, each beside the run's row: its progress writes none of them. Code that knows only
-- 0001 would claim runs that were refused for its version, and fail them.
--
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
create index signals_of on sagewai.signals (run, name, taken, (id + 0));   -- not for finding one by its id

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

-- What the run was submitted as; a refused one's route says another. Null before this: then it is the definition's.
alter table sagewai.inputs add column version text;

-- Who may decide, as sagewai.core.policies encodes it (null: anyone), and the seconds between two deadlines.
alter table sagewai.approvals add column policy text, add column timeout float8;

-- A run as it is listed, with its deadline.
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
       run.due_at, input.submitted_by, deadline.at as deadline_at
  from sagewai.runs as run
  join sagewai.routes as route on route.id = any (array[run.route])
  join sagewai.inputs as input on input.run = any (array[run.id])
  left join sagewai.definitions as definition on definition.id = any (array[run.definition])
  left join sagewai.sessions as session on session.id = any (array[run.session])
  left join sagewai.deadlines as deadline on deadline.run = any (array[run.id]);

-- Sends a signal under the run's lock. Each statement in here sees what was committed before it began, so a wait that was
-- parked while this waited for the lock is found; one that parks later sees by wakeups that something came.
-- What became of it is told in one word: sent, run not found or over.
create function sagewai.send_signal(
  to_run_id text, its_name text, its_payload text, by_name text, by_source text, by_assurance text,
  out told text, out standing int2, out signal_id bigint, out at timestamptz, out was_taken boolean
) language plpgsql set search_path = pg_catalog, pg_temp as $$
declare
  held sagewai.runs%rowtype;
  fired boolean;
begin
  select * into held from sagewai.runs where run_id = to_run_id for no key update;
  if not found then
    told := 'run not found';
    return;
  end if;
  standing := held.status;
  if held.status >= 5 then
    told := 'over';
    return;
  end if;
  at := clock_timestamp();

  insert into sagewai.signals (run, sent_at, name, actor, source, assurance, payload)
  values (held.id, at, its_name, by_name, by_source, by_assurance, its_payload)
  returning id into signal_id;
  insert into sagewai.events (run, at, kind, actor, source, assurance, detail)
  values (held.id, at, 'signalled', by_name, by_source, by_assurance,
          json_build_object('signal_id', signal_id, 'name', its_name)::text);

  with waiting as materialized (
    select id, row_number() over (order by id) as place
      from sagewai.waits
     where run = held.id and kind = 3 and status = 1 and step = held.step and name = its_name
  ),
  kept as materialized (
    select id, row_number() over (order by id) as place
      from sagewai.signals
     where run = held.id and name = its_name and not taken
  ),
  matched as materialized (
    select waiting.id as wait, kept.id as signal from waiting join kept on kept.place = waiting.place
  ),
  settled as (
    update sagewai.waits as wait
       set status = 2, settled_at = send_signal.at, signal = matched.signal
      from matched
     where wait.id = matched.wait
  ),
  given as (
    update sagewai.signals as signal set taken = true from matched where signal.id = matched.signal
  )
  select count(*) > 0, coalesce(bool_or(matched.signal = signal_id), false) into fired, was_taken from matched;

  fired := fired and held.status = 3;
  if fired then
    insert into sagewai.events (run, at, kind, detail) values (held.id, at, 'woken', '{"by": "signal"}');
    perform pg_notify('sagewai_work', '');
  end if;
  update sagewai.runs
     set wakeups = wakeups + 1,
         status = case when fired then 1 else status end,
         wait = case when fired then null else wait end,
         due_at = case when fired then null else due_at end,
         changed_at = case when fired then at else changed_at end
   where id = held.id;
  told := 'sent';
end
$$;
