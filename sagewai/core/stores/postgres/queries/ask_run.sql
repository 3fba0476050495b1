-- CANCEL or PAUSE of a run that somebody owns: it is asked. Asking again only adds the event; CANCEL replaces PAUSE.
-- $1 run  $2 the ask seen, or null  $3 the new ask  $4 actor  $5 source  $6 assurance  $7 reason  $8 event
-- Gives nothing when the run is no longer running, or something else is asked by now.

with held as materialized (
  select id, asked, clock_timestamp() as moment
    from sagewai.runs
   where id = $1 and status + 0 = 2 and asked is not distinct from $2::int2
     for no key update
),
moved as (
  update sagewai.runs as run set asked = $3
    from held
   where run.id = any (array[held.id]) and held.asked is distinct from $3
),
noted as (
  insert into sagewai.asks as ask (run, asked_at, ask, actor, source, assurance, reason)
  select id, moment, $3, $4, $5, $6, $7 from held where asked is distinct from $3
  on conflict (run) do update
     set asked_at = excluded.asked_at, ask = excluded.ask, actor = excluded.actor, source = excluded.source,
         assurance = excluded.assurance, reason = excluded.reason
),
told as (
  insert into sagewai.events (run, at, kind, actor, source, assurance, reason)
  select id, moment, $8, $4, $5, $6, $7 from held
)
select id from held
