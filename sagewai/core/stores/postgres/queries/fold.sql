-- Appended counter changes are added up, by one process at a time; those that say how many runs came into a status also by
-- the minute, for a day.
-- $1 limit

with turn as materialized (select pg_try_advisory_xact_lock(7283512, 2) as mine),
gone as (
  delete from sagewai.counter_deltas as delta
   where delta.ctid = any (array(select ctid from sagewai.counter_deltas, turn where turn.mine limit $1))
  returning delta.pool, delta.what, delta.n, date_trunc('minute', delta.at) as minute
),
come as (
  insert into sagewai.minutes as kept (at, status, n)
  select minute, what, sum(n)
    from gone
   where n > 0 and what <= 8 and minute > now() - interval '1 day'
   group by minute, what
   order by minute, what
  on conflict (at, status) do update set n = kept.n + excluded.n
),
forgotten as (
  delete from sagewai.minutes as old using turn where turn.mine and old.at <= now() - interval '1 day'
)
insert into sagewai.counters as counter (pool, what, n)
select pool, what, sum(n) from gone group by pool, what having sum(n) <> 0 order by pool, what
on conflict (pool, what) do update set n = counter.n + excluded.n
