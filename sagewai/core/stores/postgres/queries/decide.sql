-- $1 run_id  $2 verdict  $3 reviewer  $4 source  $5 assurance  $6 reason  $7 approval  $8 digest  $9 payload  $10 shared

select told, approval_id, pending_ids, judged, was_shared, at_level
  from sagewai.decide($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
