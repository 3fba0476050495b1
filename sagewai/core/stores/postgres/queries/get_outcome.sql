-- $1 run_id

select run.status, run.wait, run.step, run.due_at, run.session, ending.actor, ending.reason, ending.error,
       case when run.status = 5 then (
         select attempt.result
           from sagewai.attempt_overview as attempt
          where attempt.run = run.id and attempt.outcome = 1
          order by attempt.seq desc
          limit 1
       ) end as output,
       rejection.reviewer, rejection.reason as rejection_reason
  from sagewai.runs as run
  left join sagewai.ending_overview as ending on ending.run = any (array[run.id])
  left join lateral (
    select decision.reviewer, decision.reason
      from sagewai.approvals as approval
      join sagewai.decisions as decision on decision.id = any (array[approval.decision])
     where approval.run = run.id and approval.status + 0 = 3 and run.status = 7   -- by run, not by status
     order by decision.decided_at desc, decision.id desc
     limit 1
  ) as rejection on true
 where run.run_id = $1
