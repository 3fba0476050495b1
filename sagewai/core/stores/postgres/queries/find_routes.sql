-- $1 pool  $2 workflow  $3 version  $4 digest of the labels

select wanted.position, route.id
  from unnest($1::text[], $2::text[], $3::text[], $4::text[])
       with ordinality as wanted (pool, workflow, version, label_digest, position)
 cross join lateral (
   select id
     from sagewai.routes
    where routes.pool = wanted.pool and routes.workflow = wanted.workflow and routes.version = wanted.version
      and routes.label_digest = wanted.label_digest
 ) as route
