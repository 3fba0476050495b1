-- $1 run_id  $2 step, or null for all

select approval.*
  from sagewai.runs as run
 cross join lateral (
   select id from sagewai.approvals where approvals.run = any (array[run.id]) and ($2::text is null or approvals.step = $2)
 ) as listed
 cross join lateral (select * from sagewai.approval_overview where approval_overview.id = listed.id offset 0) as approval
 where run.run_id = $1
 order by approval.id
