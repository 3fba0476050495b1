-- Pending approvals past their deadline: where a rung of the ladder is left, it joins, and the time begins again. Others
-- expire, and their runs are rejected unless an owner holds them. Run locks first.
-- $1 limit
-- Gives the approvals, and whether they escalated.

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
due as materialized (
  select approval.*, held.moment, held.status as run_status,
         sagewai.has_a_rung(approval.policy::jsonb, approval.level) as escalates
    from held
   cross join lateral (
     select approval.id, approval.run, approval.gate, approval.policy, approval.level, approval.timeout
       from sagewai.approvals as approval
      where approval.run = held.id and approval.pending and approval.deadline_at <= now()
        for no key update
   ) as approval
),
ended as materialized (         -- these runs are over, whatever else they ask
  select run, max(moment) as moment from due where not escalates and run_status <> 2 group by run
),
escalated as (
  update sagewai.approvals as approval
     set level = approval.level + 1, deadline_at = due.moment + due.timeout * interval '1 s',
         status = case when exists (select from ended where ended.run = due.run) then 6 else 1 end
    from due
   where due.escalates and approval.id = any (array[due.id])
  returning approval.run, approval.id, approval.gate, approval.status, approval.deadline_at, due.moment,
            due.policy::jsonb -> 'escalate_to' ->> due.level as joined
),
expired as (
  update sagewai.approvals as approval set status = 5
    from due
   where not due.escalates and approval.id = any (array[due.id])
  returning approval.run, approval.id, approval.gate, due.moment, due.run_status
),
closed as (
  update sagewai.approvals as approval set status = 6
    from ended
   where approval.run = any (array[ended.run]) and approval.pending and approval.deadline_at > now()
  returning approval.run, approval.id, approval.gate, ended.moment
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
  select run, moment, kind, detail::text
    from (
      select 1 as rank, id, run, moment, 'approval_escalated' as kind,
             json_build_object(
               'approval_id', id, 'gate', gate, 'to', joined,
               'deadline_at', to_char(deadline_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"+00:00"')) as detail
        from escalated
      union all
      select 2, id, run, moment, 'approval_expired', json_build_object('approval_id', id, 'gate', gate) from expired
      union all
      select 3, id, run, moment, 'approval_cancelled', json_build_object('approval_id', id, 'gate', gate)
        from (
          select id, run, moment, gate from closed
          union all
          select id, run, moment, gate from escalated where status = 6
        ) as over
    ) as event
   order by rank, id
),
hint as materialized (
  select pg_notify('sagewai_done', '') where exists (select from ended)
)
select done.id, done.escalated
  from (
    select id, true as escalated from escalated
    union all
    select id, false from expired
  ) as done
 cross join (select count(*) from hint) as hinted
