-- Routes that aren't there yet; their ids become visible in the order they are given, so that "newest" misses none.
-- $1 pool  $2 workflow  $3 version  $4 labels  $5 digest of the labels

with turn as materialized (select pg_advisory_xact_lock(7283512, 3))
insert into sagewai.routes (pool, workflow, version, labels, label_digest)
select route.*
  from turn, unnest($1::text[], $2::text[], $3::text[], $4::jsonb[], $5::text[]) as route
on conflict do nothing
