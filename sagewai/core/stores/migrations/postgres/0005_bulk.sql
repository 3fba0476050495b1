-- min_code: 4
--
-- Bulk jobs, worked off by whoever is alive; and the kinds of events that the audit keeps.

set local search_path = pg_catalog, pg_temp;    -- what is bound here is bound to these

-- One verb for a list of runs. status: 1 running, 2 stopped, 3 done. done and refused count the items that are settled.
create table sagewai.bulk_jobs (
  id bigint generated always as identity primary key,
  created_at timestamptz not null default clock_timestamp(),
  ended_at timestamptz,
  total int not null,
  done int not null default 0,
  refused int not null default 0,
  status int2 not null default 1,
  verb text not null check (verb in ('cancel', 'pause', 'resume', 'retry', 'discard')),
  actor text not null,
  source text not null,
  assurance text not null,
  reason text not null
) with (
  fillfactor = 50, autovacuum_vacuum_threshold = 200, autovacuum_vacuum_scale_factor = 0.2, autovacuum_vacuum_cost_delay = 0
);
create index bulk_jobs_running on sagewai.bulk_jobs (id) where status = 1;

-- The frozen list. outcome: 1 left, 2 done, 3 refused; detail says why.
create table sagewai.bulk_items (
  job bigint not null,
  number int not null,
  outcome int2 not null default 1,
  run_id text collate "C" not null,
  detail text not null default '',
  primary key (job, number)
);
create index bulk_items_by_outcome on sagewai.bulk_items (job, outcome, number);
create unique index bulk_items_of on sagewai.bulk_items (job, run_id);

-- The functions below write with the rights of the schema's owner, and nobody else does: what is done in somebody's name is
-- what they asked for. Whoever has rights of their own asks as the session's user.
create function sagewai.create_bulk(
  asked_verb text, asked_runs text[], by_actor text, by_source text, by_assurance text, for_reason text
) returns bigint language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  made bigint;
begin
  if sagewai.own_rights() is not null then
    by_actor := session_user;
    by_assurance := 'db';
    by_source := case when by_source in ('cli', 'console', 'demo') then by_source else 'api' end;
  elsif by_assurance = 'db' then
    by_assurance := 'api';
  end if;
  if coalesce(cardinality(asked_runs), 0) not between 1 and 100000 then
    raise exception 'a bulk job lists 1 to 100000 runs' using errcode = 'invalid_parameter_value';
  end if;
  insert into sagewai.bulk_jobs (total, verb, actor, source, assurance, reason)
  values (cardinality(asked_runs), asked_verb, by_actor, by_source, by_assurance, for_reason)
  returning id into made;
  insert into sagewai.bulk_items (job, number, run_id)
  select made, listed.number, listed.run_id
    from unnest(asked_runs) with ordinality as listed (run_id, number);
  insert into sagewai.events (kind, actor, source, assurance, reason, detail)
  values ('bulk_started', by_actor, by_source, by_assurance, for_reason,
          json_build_object('job', made, 'verb', asked_verb, 'total', cardinality(asked_runs))::text);
  return made;
end
$$;

-- Whether there is such a job. The audit's lock comes before that of the job's row, as where a job is advanced.
create function sagewai.stop_bulk(
  asked_job bigint, by_actor text, by_source text, by_assurance text, for_reason text
) returns boolean language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  job sagewai.bulk_jobs%rowtype;
begin
  if sagewai.own_rights() is not null then
    by_actor := session_user;
    by_assurance := 'db';
    by_source := case when by_source in ('cli', 'console', 'demo') then by_source else 'api' end;
  elsif by_assurance = 'db' then
    by_assurance := 'api';
  end if;
  perform pg_advisory_xact_lock(7283512, 4);
  select * into job from sagewai.bulk_jobs where id = asked_job for no key update;
  if not found then
    return false;
  end if;
  if job.status = 1 then
    update sagewai.bulk_jobs set status = 2, ended_at = clock_timestamp() where id = job.id;
    insert into sagewai.events (kind, actor, source, assurance, reason, detail)
    values ('bulk_stopped', by_actor, by_source, by_assurance, for_reason,
            json_build_object('job', job.id, 'left', job.total - job.done - job.refused)::text);
  end if;
  return true;
end
$$;

-- Some items that are left, locked; those that somebody else has in hand are passed over. Two at a time have some: one
-- carries out its items while the other waits for its turn in the audit, and more would only keep runs locked for longer.
create function sagewai.take_bulk(asked_job bigint, at_most int) returns table (number int, run_id text)
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
  if not pg_try_advisory_xact_lock(7283512, 5) and not pg_try_advisory_xact_lock(7283512, 6) then
    return;
  end if;
  return query
  select item.number, item.run_id
    from sagewai.bulk_items as item
   where item.job = asked_job and item.outcome = 1
   order by item.number
   limit at_most
     for update skip locked;
end
$$;

-- Notes what became of items that were taken. False when the job isn't running any more: then nothing may be done for it.
create function sagewai.settle_bulk(asked_job bigint, numbers int[], outcomes int2[], details text[]) returns boolean
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  moment timestamptz := clock_timestamp();
  noted int := cardinality(numbers);
  were_refused int := 0;
begin
  for place in 1..noted loop    -- one by one: a join could be made the other way round, with the whole list for each
    update sagewai.bulk_items set outcome = outcomes[place], detail = details[place]
     where job = asked_job and number = numbers[place] and outcome = 1;
    if not found or outcomes[place] is null or outcomes[place] not in (2, 3) then
      raise exception 'item % of bulk job % is settled once, as done or refused', numbers[place], asked_job
        using errcode = 'invalid_parameter_value';
    end if;
    were_refused := were_refused + (outcomes[place] = 3)::int;
  end loop;
  update sagewai.bulk_jobs
     set done = done + noted - were_refused, refused = refused + were_refused,
         status = case when done + refused + noted = total then 3 else status end,
         ended_at = case when done + refused + noted = total then moment end
   where id = asked_job and status = 1;
  return found;
end
$$;

-- Whether somebody who runs a bulk job asked this of the run, and it isn't done yet.
create function sagewai.is_asked_in_bulk(
  asked_run bigint, asked_verb text, by_actor text, by_source text, by_assurance text, for_reason text
) returns boolean language sql stable
return exists (
  select from sagewai.bulk_jobs as job
   where job.status = 1 and job.verb = asked_verb and job.actor = by_actor and job.source = by_source
     and job.assurance = by_assurance and job.reason = for_reason
     and exists (
       select from sagewai.bulk_items as item
        where item.job = job.id and item.outcome + 0 = 1    -- by run, not by outcome
          and item.run_id = (select run.run_id from sagewai.runs as run where run.id = asked_run)
     )
);

-- As in 0003, but for what an operator carries out of somebody's bulk job: that stays in the name of who began it.
create or replace function sagewai.attest_event() returns trigger language plpgsql set search_path = pg_catalog, pg_temp as $$
declare
  mine text[];
begin
  if pg_has_role(current_user, (select relowner from pg_class where oid = tg_relid), 'usage') then
    return new;
  end if;
  mine := sagewai.own_rights();
  if new.kind in ('approved', 'rejected') or mine is not null and new.kind like 'approval\_%' then
    raise exception 'permission denied to note that something was %: only sagewai.decide() and sagewai.attend() do', new.kind
      using errcode = 'insufficient_privilege';
  end if;
  if mine is null or new.kind in ('cancelled', 'paused') and exists (
    select from sagewai.events as asked
     where asked.run = new.run and asked.kind in ('cancel_requested', 'pause_requested', 'stepped')
       and asked.actor = new.actor and asked.source = new.source and asked.assurance = new.assurance
  ) then
    return new;
  end if;
  if not 'operator' = any (mine) then
    raise exception 'permission denied: % isn''t an operator, so nothing is % in their name', session_user, new.kind
      using errcode = 'insufficient_privilege';
  end if;
  if sagewai.is_asked_in_bulk(
    new.run,
    case
      when new.kind in ('cancelled', 'cancel_requested') then 'cancel'
      when new.kind in ('paused', 'pause_requested') then 'pause'
      when new.kind = 'resumed' then 'resume'
      when new.kind = 'retried' then 'retry'
      when new.kind = 'discarded' then 'discard'
    end,
    new.actor, new.source, new.assurance, new.reason
  ) then
    return new;
  end if;
  new.actor := session_user;
  new.assurance := 'db';
  return new;
end
$$;

create or replace function sagewai.attest_ask() returns trigger language plpgsql set search_path = pg_catalog, pg_temp as $$
begin
  if sagewai.own_rights() is not null and not sagewai.is_asked_in_bulk(
    new.run, case new.ask when 1 then 'cancel' when 2 then 'pause' end, new.actor, new.source, new.assurance, new.reason
  ) then
    new.actor := session_user;
    new.assurance := 'db';
  end if;
  return new;
end
$$;

-- The kinds are those of sagewai.models.history.AUDITED.
create or replace trigger events_attested before insert on sagewai.events for each row
  when (new.kind in ('approved', 'rejected') or new.source is not null and new.source <> 'worker' and new.kind in (
    'forked', 'approval_claimed', 'approval_unclaimed', 'approval_snoozed', 'approval_commented', 'cancel_requested',
    'cancelled', 'pause_requested', 'paused', 'resumed', 'retried', 'discarded', 'priority_changed', 'worker_asked',
    'pool_asked', 'stepped', 'bulk_started', 'bulk_stopped', 'pruned'))
  execute function sagewai.attest_event();
create or replace trigger events_audited after insert on sagewai.events for each row
  when (new.source is not null and new.source <> 'worker' and new.kind in (
    'forked', 'approved', 'rejected', 'approval_claimed', 'approval_unclaimed', 'approval_snoozed', 'approval_commented',
    'cancel_requested', 'cancelled', 'pause_requested', 'paused', 'resumed', 'retried', 'discarded', 'priority_changed',
    'worker_asked', 'pool_asked', 'stepped', 'bulk_started', 'bulk_stopped', 'pruned'))
  execute function sagewai.keep_audit();

revoke execute on function sagewai.create_bulk(text, text[], text, text, text, text) from public;
revoke execute on function sagewai.stop_bulk(bigint, text, text, text, text) from public;
revoke execute on function sagewai.take_bulk(bigint, int) from public;
revoke execute on function sagewai.settle_bulk(bigint, int[], int2[], text[]) from public;
