-- $1 run  $2 the status it was seen in  $3 priority  $4 actor  $5 source  $6 assurance  $7 reason
-- Gives nothing when its status is another by now.

with held as materialized (
  select id, priority from sagewai.runs where id = $1 and status + 0 = $2 for no key update
),
moved as (
  update sagewai.runs as run set priority = $3 from held where run.id = any (array[held.id])
),
told as (
  insert into sagewai.events (run, kind, actor, source, assurance, reason, detail)
  select id, 'priority_changed', $4, $5, $6, $7, json_build_object('before', priority, 'after', $3::int)::text from held
)
select id from held
