-- Pending approvals past their deadline expire, and their runs are rejected unless an owner holds them: run locks first.
-- $1 limit
-- Gives the approvals that expired.

with late as materialized (
  select distinct run
    from (
      select approval.run
        from sagewai.approvals as approval
       where approval.status = 1 and approval.deadline_at <= now()
       order by approval.deadline_at, approval.id + 0
       limit $1
    ) as approval
   order by run
),
held as materialized (
  select run.*, clock_timestamp() as moment
    from late
   cross join lateral (
     select run.id, run.status from sagewai.runs as run where run.id = late.run for no key update skip locked
   ) as run
),
expired as (
  update sagewai.approvals as approval set status = 5
    from held
   where approval.run = any (array[held.id]) and approval.pending and approval.deadline_at <= now()
  returning approval.run, approval.id, approval.gate, held.moment, held.status
),
closed as (
  update sagewai.approvals as approval set status = 6
    from held
   where approval.run = any (array[held.id]) and approval.pending and approval.deadline_at > now() and held.status <> 2
     and exists (select from expired where expired.run = held.id)
  returning approval.run, approval.id, approval.gate, held.moment
),
moved as (
  update sagewai.runs as run
     set wakeups = run.wakeups + sum.n,
         status = case when run.status = 2 then 2 else 7 end,
         wait = case when run.status = 2 then run.wait end,
         due_at = case when run.status = 2 then run.due_at end,
         assigned = null,
         assigned_until = null,
         changed_at = case when run.status = 2 then run.changed_at else sum.moment end
    from (select run, max(moment) as moment, count(*)::int as n from expired group by run) as sum
   where run.id = any (array[sum.run])
),
told as (
  insert into sagewai.events (run, at, kind, detail)
  select run, moment, kind, json_build_object('approval_id', id, 'gate', gate)::text
    from (
      select 1 as rank, id, run, moment, gate, 'approval_expired' as kind from expired
      union all
      select 2, id, run, moment, gate, 'approval_cancelled' from closed
    ) as event
   order by rank, id
),
hint as materialized (
  select pg_notify('sagewai_done', '') where exists (select from expired where status <> 2)
)
select expired.id from expired cross join (select count(*) from hint) as hinted
