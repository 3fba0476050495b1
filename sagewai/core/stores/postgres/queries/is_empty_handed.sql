-- $1 session

select not exists (select from sagewai.runs as run where run.session = $1::int8) as empty
