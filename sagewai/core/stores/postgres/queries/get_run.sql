-- $1 run_id

select * from sagewai.run_overview where run_id = $1
