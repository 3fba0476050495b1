-- $1 run_id  $2 session  $3 seconds  $4 actor  $5 source  $6 assurance
-- Gives whether the run exists, and whether it was assigned.

with held as materialized (
  select id from sagewai.runs where run_id = $1 and status + 0 in (1, 4) for no key update
),
target as materialized (
  select id, name from sagewai.sessions where id = $2 and status <= 3 and lease_until > clock_timestamp()
),
moved as (
  update sagewai.runs as run
     set assigned = target.id, assigned_until = clock_timestamp() + $3::float8 * interval '1 s'
    from held, target
   where run.id = any (array[held.id])
  returning run.id
),
told as (
  insert into sagewai.events (run, kind, actor, source, assurance, detail)
  select held.id, 'assigned', $4, $5, $6, json_build_object('worker', target.name, 'seconds', $3::float8)::text
    from held, target
)
select exists (select from sagewai.runs where run_id = $1) as known, exists (select from moved) as assigned
