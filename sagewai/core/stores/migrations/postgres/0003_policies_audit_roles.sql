-- min_code: 3
--
-- Approvals under a policy, an audit that only grows, and roles that can't do everything. Code that knows less would expire
-- what should escalate, and decide without asking who may.

set local search_path = pg_catalog, pg_temp;    -- what is bound here is bound to these

alter table sagewai.approvals
  add column level int2 not null default 0,       -- so many of policy.escalate_to have joined
  add column claimed_until timestamptz,
  add column snoozed_until timestamptz,
  add column claimed_by text;
alter table sagewai.decisions add column shared boolean not null default false;

-- Group roles of this cluster that were given rights here by `sagewai db roles --apply`.
create table sagewai.roles (
  name text primary key,
  kind text not null check (kind in ('viewer', 'operator', 'approver', 'worker', 'owner'))
);

-- The kinds of roles that the session's own user is a member of. Null for the schema's owner, a superuser, and whoever is
-- in none: of them nothing is known, and the names they pass stand. Its names are bound here, whatever path is set later.
create function sagewai.own_rights() returns text[] language sql stable security definer
return (
  select array_agg(role.kind order by role.kind)
    from sagewai.roles as role
    join pg_catalog.pg_roles as known on known.rolname = role.name
   where pg_catalog.pg_has_role(session_user, known.oid, 'member')
     and not (select me.rolsuper from pg_catalog.pg_roles as me where me.rolname = session_user)
     and not pg_catalog.pg_has_role(
           session_user, (select space.nspowner from pg_catalog.pg_namespace as space where space.nspname = 'sagewai'), 'member'
         )
);

-- Whether the current user may read a table of payloads itself. The views below show others that there is something.
create function sagewai.sees_payloads() returns boolean language sql stable
return pg_catalog.has_column_privilege('sagewai.inputs'::pg_catalog.regclass, 'input', 'select');

-- Of an error, its type alone: the message and the traceback may hold what the step was working on.
create function sagewai.redact_error(error text) returns text language sql immutable
return '{"type": '
       || coalesce(pg_catalog."substring"(error, '^\s*\{\s*"type"\s*:\s*("(?:[^"\\]|\\.)*")'), '""')
       || ', "message": "[redacted]", "traceback": ""}';

create view sagewai.input_overview as
select run, case when (select sagewai.sees_payloads()) then input else '"[redacted]"' end as input from sagewai.inputs;

create view sagewai.attempt_overview as
select run, seq, attempt, token, outcome, session, started_at, finished_at, delay, step,
       octet_length(result) as result_bytes,
       case when result is null or (select sagewai.sees_payloads()) then result else '"[redacted]"' end as result,
       case when error is null or (select sagewai.sees_payloads()) then error else sagewai.redact_error(error) end as error
  from sagewai.attempts;

create view sagewai.ending_overview as
select run, actor, reason,
       case when error is null or (select sagewai.sees_payloads()) then error else sagewai.redact_error(error) end as error
  from sagewai.endings;

create view sagewai.signal_overview as
select id, run, sent_at, taken, name, actor, source, assurance,
       case when (select sagewai.sees_payloads()) then payload else '"[redacted]"' end as payload
  from sagewai.signals;

drop view sagewai.approval_overview;
create view sagewai.approval_overview as
select approval.id, run.run_id, run.workflow, run.pool, approval.step, approval.branch, approval.gate, approval.status,
       approval.prompt,
       case when (select sagewai.sees_payloads()) then approval.context else '"[redacted]"' end as context,
       approval.context_bytes, approval.digest, approval.revision, approval.requested_at,
       nullif(approval.deadline_at, 'infinity') as deadline_at, approval.deadline_at as due_at,
       approval.policy, approval.level, input.submitted_by as requester,
       case when approval.claimed_until > now() then approval.claimed_by end as claimed_by,
       case when approval.claimed_until > now() then approval.claimed_until end as claimed_until,
       case when approval.snoozed_until > now() then approval.snoozed_until end as snoozed_until,
       approval.decision,
       (
         select json_agg(
                  json_build_object(
                    'id', decision.id, 'verdict', decision.verdict, 'reviewer', decision.reviewer, 'source', decision.source,
                    'assurance', decision.assurance, 'reason', decision.reason, 'digest_seen', decision.digest_seen,
                    'decided_at', decision.decided_at at time zone 'UTC', 'shared', decision.shared,
                    'payload', case
                      when decision.payload is null or (select sagewai.sees_payloads()) then decision.payload
                      else '"[redacted]"'
                    end)
                  order by decision.id + 0)   -- looked up by approval, not read in order of ids
           from sagewai.decisions as decision
          where decision.approval = approval.id
       )::text as decisions
  from sagewai.approvals as approval
  join sagewai.runs as run on run.id = any (array[approval.run])
  join sagewai.inputs as input on input.run = any (array[approval.run]);

-- Records a decision under the run's lock, with the rights of the schema's owner: nobody else writes one. A reviewer with
-- rights of their own is the session's user. What became of it is told in one word: recorded, repeated, run not found,
-- not found, ambiguous, decided, closed, expired, changed or not allowed; then also who was judged, and at which rung.
drop function sagewai.decide(text, text, text, text, text, text, bigint, text, text);
create function sagewai.decide(
  asked_run_id text, asked_verdict text, by_reviewer text, by_source text, by_assurance text, for_reason text,
  asked_approval bigint, seen_digest text, with_payload text, as_shared boolean default false,
  out told text, out approval_id bigint, out pending_ids bigint[], out judged text, out was_shared boolean,
  out at_level int
) language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  mine text[] := sagewai.own_rights();
  held sagewai.runs%rowtype;
  found_one sagewai.approvals%rowtype;
  policy jsonb;
  account text;
  requester text;
  allowed text[];
  approvals_before int;
  settling bigint;
  moment timestamptz;
  after_status int2;
begin
  if asked_verdict is null or asked_verdict not in ('approve', 'reject') then
    raise exception 'a verdict is approve or reject, not %', coalesce(asked_verdict, 'null')
      using errcode = 'invalid_parameter_value';
  end if;
  judged := by_reviewer;
  was_shared := coalesce(as_shared, false);
  if mine is not null then
    judged := session_user;
    by_assurance := 'db';
    by_source := case when by_source in ('cli', 'console', 'demo') then by_source else 'api' end;
    was_shared := was_shared or 'worker' = any (mine);
  elsif by_assurance = 'db' then
    by_assurance := 'api';
  end if;
  account := split_part(split_part(judged, ' ', 1), '@', 1);

  select * into held from sagewai.runs where run_id = asked_run_id for no key update;
  if not found then
    told := 'run not found';
    return;
  end if;
  moment := clock_timestamp();

  if asked_approval is null then
    select array_agg(id order by id) into pending_ids from sagewai.approvals where run = held.id and pending;
    if cardinality(pending_ids) > 1 then
      told := 'ambiguous';
      return;
    end if;
    approval_id := coalesce(pending_ids[1], (select max(id) from sagewai.approvals where run = held.id));
  else
    approval_id := asked_approval;
  end if;
  select * into found_one from sagewai.approvals where id = approval_id and run = held.id for no key update;
  if not found then
    told := 'not found';
    return;
  end if;

  at_level := found_one.level;
  policy := found_one.policy::jsonb;
  if found_one.status in (1, 2, 3) and coalesce(seen_digest, found_one.digest) = found_one.digest and exists (
    select from sagewai.decisions
     where approval = found_one.id and decisions.reviewer = judged and verdict = asked_verdict
  ) then
    told := 'repeated';
    return;
  elsif found_one.status in (2, 3) then
    told := 'decided';
    return;
  elsif found_one.status in (4, 6) then
    told := 'closed';
    return;
  elsif found_one.status = 5 then
    told := 'expired';
    return;
  elsif found_one.deadline_at <= moment then
    if not sagewai.has_a_rung(policy, found_one.level) then
      told := 'expired';
      return;
    end if;
    at_level := at_level + 1;
  end if;
  if seen_digest <> found_one.digest then
    told := 'changed';
    return;
  end if;

  if policy is not null then
    if was_shared and ((policy ->> 'required')::int > 1 or (policy ->> 'exclude_requester')::boolean) then
      told := 'not allowed';
      return;
    end if;
    if asked_verdict = 'approve' and (policy ->> 'exclude_requester')::boolean then
      select submitted_by into requester from sagewai.inputs where run = held.id;
      -- Who proved an account is that account, whatever host the run was submitted from.
      if judged = requester or mine is not null and judged = split_part(split_part(requester, ' ', 1), '@', 1) then
        told := 'not allowed';
        return;
      end if;
    end if;
    if jsonb_array_length(policy -> 'approvers') > 0 then
      select array_agg(name) into allowed
        from (
          select name from jsonb_array_elements_text(policy -> 'approvers') as name
          union all
          select name from jsonb_array_elements_text(policy -> 'escalate_to') with ordinality as rung (name, number)
           where rung.number <= at_level
        ) as name;
      if not (judged = any (allowed) or account = any (allowed)) then
        told := 'not allowed';
        return;
      end if;
    end if;
  end if;

  insert into sagewai.decisions
    (approval, decided_at, verdict, reviewer, source, assurance, reason, digest_seen, payload, shared)
  values (found_one.id, moment, asked_verdict, judged, by_source, by_assurance, for_reason, seen_digest, with_payload,
          was_shared)
  returning id into settling;
  select count(distinct decisions.reviewer) into approvals_before
    from sagewai.decisions where approval = found_one.id and verdict = 'approve';
  insert into sagewai.events (run, at, kind, actor, source, assurance, reason, detail)
  values (held.id, moment, case asked_verdict when 'approve' then 'approved' else 'rejected' end,
          judged, by_source, by_assurance, for_reason,
          case asked_verdict
            when 'approve' then json_build_object(
              'approval_id', found_one.id, 'gate', found_one.gate, 'digest', found_one.digest,
              'displayed', seen_digest is not null, 'approvals', approvals_before,
              'required', coalesce((policy ->> 'required')::int, 1))
            else json_build_object(
              'approval_id', found_one.id, 'gate', found_one.gate, 'digest', found_one.digest,
              'displayed', seen_digest is not null)
          end::text);
  told := 'recorded';
  if asked_verdict = 'approve' and approvals_before < (policy ->> 'required')::int then
    return;
  end if;

  update sagewai.approvals
     set status = case asked_verdict when 'approve' then 2 else 3 end, decision = settling
   where id = found_one.id;
  after_status := held.status;
  if asked_verdict = 'approve' then
    if held.status = 3 and held.wait = 1
       and not exists (select from sagewai.approvals where run = held.id and pending) then
      after_status := 1;
      insert into sagewai.events (run, at, kind, detail) values (held.id, moment, 'woken', '{"by": "approval"}');
      perform pg_notify('sagewai_work', '');
    end if;
  elsif held.status in (1, 3, 4) then
    after_status := 7;
    perform sagewai.close_approvals(held.id, moment, judged, by_source, by_assurance);
    perform pg_notify('sagewai_done', '');
  end if;
  update sagewai.runs
     set wakeups = wakeups + 1, status = after_status,
         wait = case when after_status = held.status then wait end,
         due_at = case when after_status = held.status then due_at end,
         assigned = case when after_status = held.status then assigned end,
         changed_at = case when after_status = held.status then changed_at else moment end
   where id = held.id;
end
$$;

-- Whether the ladder of a policy has somebody left who joins when the deadline passes.
create function sagewai.has_a_rung(policy jsonb, level int) returns boolean language sql immutable
return coalesce(
  policy ->> 'on_timeout' = 'escalate' and level < pg_catalog.jsonb_array_length(policy -> 'escalate_to'), false
);

-- What a reviewer does about an approval short of deciding it, under the run's lock as every change of an approval.
-- Told in one word: done, not found, decided, closed, expired or claimed.
create function sagewai.attend(
  asked_approval bigint, what text, by_reviewer text, by_source text, by_assurance text, for_seconds float8, with_text text,
  out told text, out judged text
) language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  mine text[] := sagewai.own_rights();
  found_one sagewai.approvals%rowtype;
  moment timestamptz;
begin
  if what is null or what not in ('claim', 'unclaim', 'snooze', 'comment') then
    raise exception 'an approval can''t be attended to by %', coalesce(what, 'null')
      using errcode = 'invalid_parameter_value';
  end if;
  judged := by_reviewer;
  if mine is not null then
    judged := session_user;
    by_assurance := 'db';
    by_source := case when by_source in ('cli', 'console', 'demo') then by_source else 'api' end;
  elsif by_assurance = 'db' then
    by_assurance := 'api';
  end if;

  select * into found_one from sagewai.approvals where id = asked_approval;
  if not found then
    told := 'not found';
    return;
  end if;
  perform from sagewai.runs where id = found_one.run for no key update;
  select * into found_one from sagewai.approvals where id = asked_approval for no key update;
  moment := clock_timestamp();

  if what <> 'comment' then
    if found_one.status in (2, 3) then
      told := 'decided';
    elsif found_one.status in (4, 6) then
      told := 'closed';
    elsif found_one.status = 5
          or found_one.deadline_at <= moment and not sagewai.has_a_rung(found_one.policy::jsonb, found_one.level) then
      told := 'expired';
    elsif what in ('claim', 'unclaim') and found_one.claimed_until > moment and found_one.claimed_by <> judged then
      told := 'claimed';
    end if;
    if told is not null then
      return;
    end if;
  end if;

  if what = 'claim' then
    update sagewai.approvals set claimed_by = judged, claimed_until = moment + for_seconds * interval '1 s'
     where id = found_one.id;
  elsif what = 'unclaim' then
    update sagewai.approvals set claimed_by = null, claimed_until = null where id = found_one.id;
  elsif what = 'snooze' then
    update sagewai.approvals
       set snoozed_until = case when for_seconds > 0 then moment + for_seconds * interval '1 s' end
     where id = found_one.id;
  end if;
  insert into sagewai.events (run, at, kind, actor, source, assurance, reason, detail)
  values (found_one.run, moment,
          case what
            when 'claim' then 'approval_claimed' when 'unclaim' then 'approval_unclaimed'
            when 'snooze' then 'approval_snoozed' else 'approval_commented'
          end,
          judged, by_source, by_assurance, with_text,
          case
            when what in ('claim', 'snooze') then json_build_object(
              'approval_id', found_one.id, 'gate', found_one.gate, 'seconds', for_seconds)
            else json_build_object('approval_id', found_one.id, 'gate', found_one.gate)
          end::text);
  told := 'done';
end
$$;

-- Approvals are settled by decide() alone. What others may do is what time and the run's owner do: supersede and cancel
-- what is asked, expire what nobody is left to decide, and let the ladder's next rung join.
create function sagewai.guard_approval() returns trigger language plpgsql set search_path = pg_catalog, pg_temp as $$
declare
  moment timestamptz := clock_timestamp();
begin
  if pg_has_role(current_user, (select relowner from pg_class where oid = tg_relid), 'usage') then
    return new;
  end if;
  if new.level = old.level and new.deadline_at = old.deadline_at
     and (new.status = 4 or new.status = 6 and old.status = 1) then
    return new;
  end if;
  if old.status = 1 and old.deadline_at <= moment then
    if sagewai.has_a_rung(old.policy::jsonb, old.level) then
      if new.status = 1 and new.level = old.level + 1
         and new.deadline_at <= moment + coalesce(old.timeout, 0) * interval '1 s' then
        return new;
      end if;
    elsif new.status = 5 and new.level = old.level and new.deadline_at = old.deadline_at then
      return new;
    end if;
  end if;
  raise exception 'permission denied to change approval % from status % to %: only sagewai.decide() settles it',
                  old.id, old.status, new.status
    using errcode = 'insufficient_privilege';
end
$$;
create trigger approvals_guarded before update on sagewai.approvals for each row
  when (old.status <> new.status or old.level <> new.level or old.deadline_at <> new.deadline_at)
  execute function sagewai.guard_approval();

-- What people did is noted in their name. Whoever has rights of their own is the session's user; what an owner or a sweep
-- carries out for somebody keeps the name of who asked for it before.
create function sagewai.attest_event() returns trigger language plpgsql set search_path = pg_catalog, pg_temp as $$
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
     where asked.run = new.run and asked.kind in ('cancel_requested', 'pause_requested')
       and asked.actor = new.actor and asked.source = new.source and asked.assurance = new.assurance
  ) then
    return new;
  end if;
  if not 'operator' = any (mine) then
    raise exception 'permission denied: % isn''t an operator, so nothing is % in their name', session_user, new.kind
      using errcode = 'insufficient_privilege';
  end if;
  new.actor := session_user;
  new.assurance := 'db';
  return new;
end
$$;

-- As the event says it, so that whoever carries it out tells the same.
create function sagewai.attest_ask() returns trigger language plpgsql set search_path = pg_catalog, pg_temp as $$
begin
  if sagewai.own_rights() is not null then
    new.actor := session_user;
    new.assurance := 'db';
  end if;
  return new;
end
$$;
-- Of a run, who asked for it: `exclude_requester` goes by that name. A worker submits for whoever its application says.
-- `sagewai db roles --apply` enables it: where there are no roles it would cost and tell nothing.
create function sagewai.attest_requester() returns trigger language plpgsql set search_path = pg_catalog, pg_temp as $$
declare
  mine text[] := sagewai.own_rights();
begin
  if mine is not null and not 'worker' = any (mine) then
    new.submitted_by := session_user;
  end if;
  return new;
end
$$;
create trigger inputs_attested before insert on sagewai.inputs for each row execute function sagewai.attest_requester();
alter table sagewai.inputs disable trigger inputs_attested;

create trigger asks_attested before insert or update on sagewai.asks for each row execute function sagewai.attest_ask();

-- The audit: what people did, in one chain. Each text is kept exactly as it was hashed, see sagewai.core.audit.
create table sagewai.audit (
  number bigint primary key,
  at text not null,
  kind text not null,
  run_id text not null,
  actor text not null,
  source text not null,
  assurance text not null,
  reason text not null,
  detail text not null,
  hash text not null
);

-- Adds the event to the chain, in its transaction. The lock comes first, and the head is read by a statement after it:
-- within one statement two sessions would see the same head, and the chain would fork.
create function sagewai.keep_audit() returns trigger language plpgsql security definer
  set search_path = pg_catalog, pg_temp as $$
declare
  head sagewai.audit%rowtype;
  entry sagewai.audit%rowtype;
  part text;
  raw bytea := '';
begin
  perform pg_advisory_xact_lock(7283512, 4);
  select * into head from sagewai.audit order by number desc limit 1;
  entry.number := coalesce(head.number, 0) + 1;
  entry.at := to_char(new.at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"+00:00"');
  entry.kind := new.kind;
  entry.run_id := coalesce((select run_id from sagewai.runs where id = new.run), '');
  entry.actor := coalesce(new.actor, '');
  entry.source := new.source;
  entry.assurance := coalesce(new.assurance, '');
  entry.reason := new.reason;
  entry.detail := coalesce(new.detail, '{}');
  foreach part in array array[
    coalesce(head.hash, ''), entry.number::text, entry.at, entry.kind, entry.run_id, entry.actor, entry.source,
    entry.assurance, entry.reason, entry.detail
  ] loop
    raw := raw || convert_to(octet_length(convert_to(part, 'UTF8')) || ':' || part, 'UTF8');
  end loop;
  entry.hash := encode(sha256(raw), 'hex');
  insert into sagewai.audit select entry.*;
  return null;
end
$$;

-- Every event passes these two conditions, so what most of them have comes first: no source. The kinds are those of
-- sagewai.models.history.AUDITED.
create trigger events_attested before insert on sagewai.events for each row
  when (new.kind in ('approved', 'rejected') or new.source is not null and new.source <> 'worker' and new.kind in (
    'forked', 'approval_claimed', 'approval_unclaimed', 'approval_snoozed', 'approval_commented', 'cancel_requested',
    'cancelled', 'pause_requested', 'paused', 'resumed', 'retried', 'discarded', 'priority_changed', 'worker_asked'))
  execute function sagewai.attest_event();
create trigger events_audited after insert on sagewai.events for each row
  when (new.source is not null and new.source <> 'worker' and new.kind in (
    'forked', 'approved', 'rejected', 'approval_claimed', 'approval_unclaimed', 'approval_snoozed', 'approval_commented',
    'cancel_requested', 'cancelled', 'pause_requested', 'paused', 'resumed', 'retried', 'discarded', 'priority_changed',
    'worker_asked'))
  execute function sagewai.keep_audit();

create function sagewai.refuse_change() returns trigger language plpgsql set search_path = pg_catalog, pg_temp as $$
begin
  raise exception 'the audit is append-only: % is refused', lower(tg_op) using errcode = 'insufficient_privilege';
end
$$;
create trigger audit_stays before update or delete or truncate on sagewai.audit
  for each statement execute function sagewai.refuse_change();
alter table sagewai.audit enable always trigger audit_stays;

-- With an owner's rights, so not for everybody; as triggers they would write wherever somebody attaches them.
revoke execute on function sagewai.decide(text, text, text, text, text, text, bigint, text, text, boolean) from public;
revoke execute on function sagewai.attend(bigint, text, text, text, text, float8, text) from public;
revoke execute on function sagewai.keep_audit() from public;
