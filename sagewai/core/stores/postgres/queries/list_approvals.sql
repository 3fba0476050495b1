-- A page of approvals, by deadline, then by age.
-- $1 statuses  $2, $3 past this deadline and id  $4 limit  $5 snoozed ones too

with page as materialized (
  select found.id
    from unnest($1::int2[]) as wanted (status)
   cross join lateral (
     select approval.id, approval.deadline_at
       from sagewai.approvals as approval
      where approval.status = wanted.status and (approval.deadline_at, approval.id + 0) > ($2::timestamptz, $3::int8)
        and ($5 or (approval.snoozed_until > now()) is not true)
      order by approval.deadline_at, approval.id + 0
      limit $4
   ) as found
   order by found.deadline_at, found.id
   limit $4
)
select approval.id, approval.run_id, approval.workflow, approval.pool, approval.step, approval.branch, approval.gate,
       approval.status, approval.prompt, null as context, approval.context_bytes, approval.digest, approval.revision,
       approval.requested_at, approval.deadline_at, approval.due_at, approval.policy, approval.level, approval.requester,
       approval.claimed_by, approval.claimed_until, approval.snoozed_until, approval.decision, approval.decisions
  from page
 cross join lateral (select * from sagewai.approval_overview where approval_overview.id = page.id offset 0) as approval
 order by approval.due_at, approval.id
