-- RESUME of a run that was only asked to pause: by who holds it, or after the single step it is ready for.
-- $1 run  $2 actor  $3 source  $4 assurance  $5 reason
-- Gives nothing when that isn't how it stands any more.

with held as materialized (
  select id from sagewai.runs where id = $1 and status + 0 in (1, 2) and asked = 2 for no key update
),
moved as (
  update sagewai.runs as run set asked = null from held where run.id = any (array[held.id])
),
answered as (
  delete from sagewai.asks as ask using held where ask.run = any (array[held.id])
),
told as (
  insert into sagewai.events (run, kind, actor, source, assurance, reason)
  select id, 'resumed', $2, $3, $4, $5 from held
)
select id from held
