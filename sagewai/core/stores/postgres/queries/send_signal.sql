-- $1 run_id  $2 name  $3 payload  $4 actor  $5 source  $6 assurance

select told, standing, signal_id, at, was_taken from sagewai.send_signal($1, $2, $3, $4, $5, $6)
