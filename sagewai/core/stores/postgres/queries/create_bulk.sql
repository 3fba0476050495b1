-- Records a job with its list; see the function.
-- $1 verb  $2 run_ids, each once  $3 actor  $4 source  $5 assurance  $6 reason

select sagewai.create_bulk($1, $2, $3, $4, $5, $6) as id
