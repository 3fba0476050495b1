-- CANCEL of a run that nobody owns.
-- $1 run  $2 the status it was seen in  $3 actor  $4 source  $5 assurance  $6 reason
-- Gives nothing when its status is another by now.

with held as materialized (
  select id, clock_timestamp() as moment from sagewai.runs where id = $1 and status + 0 = $2 for no key update
),
moved as (
  update sagewai.runs as run
     set status = 8, wait = null, due_at = null, assigned = null, assigned_until = null, changed_at = held.moment
    from held
   where run.id = any (array[held.id])
),
ended as (
  insert into sagewai.endings (run, actor, reason) select id, $3, $6 from held
),
closed as (
  update sagewai.approvals as approval set status = 6
    from held
   where approval.run = any (array[held.id]) and approval.pending
  returning approval.id, approval.gate
),
told as (
  insert into sagewai.events (run, at, kind, actor, source, assurance, reason, detail)
  select $1, held.moment, event.kind, $3, $4, $5, event.reason, event.detail
    from held
   cross join (
     select 1 as rank, id as place, 'approval_cancelled' as kind, '' as reason,
            json_build_object('approval_id', id, 'gate', gate)::text as detail
       from closed
     union all
     select 2, 0, 'cancelled', $6, null
   ) as event
   order by event.rank, event.place
),
hint as materialized (select pg_notify('sagewai_done', '') where exists (select from held))
select held.id from held cross join (select count(*) from hint) as hinted
