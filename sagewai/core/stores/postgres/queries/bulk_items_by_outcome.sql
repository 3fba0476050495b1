-- Items of a job with this outcome, in its order.
-- $1 job  $2 above this number  $3 limit  $4 outcome

select number, run_id, outcome, detail
  from sagewai.bulk_items
 where job = $1 and outcome = $4 and number > $2
 order by number
 limit $3
