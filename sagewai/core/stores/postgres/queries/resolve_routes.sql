-- The routes a worker satisfies: its pool, its workflows, and labels contained in its own.
-- $1 pool  $2 workflows  $3 labels

select coalesce((select max(id) from sagewai.routes), 0) as newest,
       array(
         select route.id
           from sagewai.routes as route
          where route.pool = $1 and route.workflow = any ($2::text[]) and route.labels <@ $3::jsonb
          order by route.id
       ) as ids
