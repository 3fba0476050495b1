-- The routes a worker satisfies: its pool, its workflows at versions it has, and labels contained in its own.
-- $1 pool  $2 workflow  $3 version: one row per pair  $4 labels

select coalesce((select max(id) from sagewai.routes), 0) as newest,
       array(
         select route.id
           from (select distinct workflow, version from unnest($2::text[], $3::text[]) as pair (workflow, version)) as known
           join sagewai.routes as route
             on route.pool = $1 and route.workflow = any (array[known.workflow]) and route.version = known.version
          where route.labels <@ $4::jsonb
          order by route.id
       ) as ids
