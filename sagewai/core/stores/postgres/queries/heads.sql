-- $1 runs

select run.id, run.token, run.rev, run.status
  from unnest($1::int8[]) as wanted (id)
 cross join lateral (select id, token, rev, status from sagewai.runs where runs.id = wanted.id) as run
