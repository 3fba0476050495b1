-- A page of one run's approvals, by deadline, then by age.
-- $1 statuses  $2, $3 past this deadline and id  $4 limit  $5 snoozed ones too  $6 run_id

with page as materialized (
  select approval.id
    from sagewai.runs as run
    join sagewai.approvals as approval on approval.run = any (array[run.id])
   where run.run_id = $6 and approval.status + 0 = any ($1::int2[])
     and ((approval.deadline_at, approval.id) > ($2::timestamptz, $3::int8)) is true   -- by run, not by deadline
     and ($5 or (approval.snoozed_until > now()) is not true)
   order by approval.deadline_at, approval.id
   limit $4
)
select approval.id, approval.run_id, approval.workflow, approval.pool, approval.step, approval.branch, approval.gate,
       approval.status, approval.prompt, null as context, approval.context_bytes, approval.digest, approval.revision,
       approval.requested_at, approval.deadline_at, approval.due_at, approval.policy, approval.level, approval.requester,
       approval.claimed_by, approval.claimed_until, approval.snoozed_until, approval.decision, approval.decisions
  from page
 cross join lateral (select * from sagewai.approval_overview where approval_overview.id = page.id offset 0) as approval
 order by approval.due_at, approval.id
