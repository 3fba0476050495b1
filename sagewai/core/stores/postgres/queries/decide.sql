-- $1 run_id  $2 verdict  $3 reviewer  $4 source  $5 assurance  $6 reason  $7 approval  $8 digest  $9 payload

select told, approval_id, pending_ids from sagewai.decide($1, $2, $3, $4, $5, $6, $7, $8, $9)
