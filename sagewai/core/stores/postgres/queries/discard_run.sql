-- DISCARD of a dead letter: the run stays failed.
-- $1 run  $2 actor  $3 source  $4 assurance  $5 reason
-- Gives nothing when there is no dead letter.

with held as materialized (
  select id from sagewai.runs where id = $1 and status + 0 = 6 for no key update
),
buried as (
  delete from sagewai.dead_letters as letter using held where letter.run = any (array[held.id]) returning letter.run, letter.error_type
),
told as (
  insert into sagewai.events (run, kind, actor, source, assurance, reason, detail)
  select run, 'discarded', $2, $3, $4, $5, json_build_object('error', error_type)::text from buried
)
select run from buried
