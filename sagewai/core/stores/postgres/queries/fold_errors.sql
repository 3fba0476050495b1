-- Appended changes of the dead letters' counts are added up, by one process at a time; what has come to nothing goes with
-- the next fold.
-- $1 limit

with turn as materialized (select pg_try_advisory_xact_lock(7283512, 2) as mine),
gone as materialized (
  delete from sagewai.error_deltas as delta
   where delta.ctid = any (array(select ctid from sagewai.error_deltas, turn where turn.mine limit $1))
  returning delta.error_type, delta.workflow, delta.n
),
changed as materialized (
  select error_type, workflow, sum(n) as n from gone group by error_type, workflow order by error_type, workflow
),
empty as (
  delete from sagewai.error_groups as counted
   where counted.n = 0 and exists (select from turn where turn.mine)
     and not exists (
       select from changed where changed.error_type = counted.error_type and changed.workflow = counted.workflow
     )
)
insert into sagewai.error_groups as counted (error_type, workflow, n)
select error_type, workflow, n from changed
on conflict (error_type, workflow) do update set n = counted.n + excluded.n
