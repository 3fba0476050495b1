-- $1 runs

select run.id, route.pool, route.workflow, route.labels
  from unnest($1::int8[]) as wanted (id)
 cross join lateral (select id, route from sagewai.runs where runs.id = wanted.id) as run
 cross join lateral (select pool, workflow, labels from sagewai.routes where routes.id = run.route) as route
