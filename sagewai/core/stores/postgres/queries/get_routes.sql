-- What the runs of routes have in common.
-- $1 routes

select route.id, route.workflow, route.pool, route.labels
  from unnest($1::int4[]) as wanted (id)
 cross join lateral (select id, workflow, pool, labels from sagewai.routes where routes.id = wanted.id) as route
