-- Appended counter changes are added up, by one process at a time.
-- $1 limit

with turn as materialized (select pg_try_advisory_xact_lock(7283512, 2) as mine),
gone as (
  delete from sagewai.counter_deltas as delta
   where delta.ctid = any (array(select ctid from sagewai.counter_deltas, turn where turn.mine limit $1))
  returning delta.pool, delta.what, delta.n
)
insert into sagewai.counters as counter (pool, what, n)
select pool, what, sum(n) from gone group by pool, what having sum(n) <> 0 order by pool, what
on conflict (pool, what) do update set n = counter.n + excluded.n
