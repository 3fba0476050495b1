-- min_code: 6
--
-- What is audited, told by a function: the condition of a row's trigger is parsed for each statement anew, and a list of kinds
-- in two of them took a tenth of what recording a lone step, claim or run does. It is asked of what people did, and not of
-- what they submit.

-- The kinds are those of sagewai.models.history.AUDITED. With a search path of its own: whoever inserts an event mustn't
-- decide what `=` means.
create function sagewai.is_audited(kind text) returns boolean language plpgsql immutable
  set search_path = pg_catalog, pg_temp as $$
begin
  return kind in (
    'forked', 'approved', 'rejected', 'approval_claimed', 'approval_unclaimed', 'approval_snoozed', 'approval_commented',
    'cancel_requested', 'cancelled', 'pause_requested', 'paused', 'resumed', 'retried', 'discarded', 'priority_changed',
    'worker_asked', 'pool_asked', 'stepped', 'bulk_started', 'bulk_stopped', 'pruned'
  );
end
$$;

create or replace trigger events_attested before insert on sagewai.events for each row
  when (
    new.kind = 'approved' or new.kind = 'rejected'
    or new.source <> 'worker' and new.kind <> 'submitted' and sagewai.is_audited(new.kind)
  )
  execute function sagewai.attest_event();
create or replace trigger events_audited after insert on sagewai.events for each row
  when (new.source <> 'worker' and new.kind <> 'submitted' and sagewai.is_audited(new.kind))
  execute function sagewai.keep_audit();
