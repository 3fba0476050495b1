-- Stops a job that runs; false where there is none of this number.
-- $1 job  $2 actor  $3 source  $4 assurance  $5 reason

select sagewai.stop_bulk($1, $2, $3, $4, $5) as found
