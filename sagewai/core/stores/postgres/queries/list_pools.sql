-- Pools with runs that aren't terminal, or a live worker.

with counted as (
  select pool, what, sum(n) as n
    from (
      select pool, what, n from sagewai.counters where what between 1 and 4
      union all
      select pool, what, n from sagewai.counter_deltas where what between 1 and 4
    ) as counted
   group by pool, what
),
run as (
  select pool, coalesce(sum(n) filter (where what = 1), 0)::int8 as pending,
         coalesce(sum(n) filter (where what = 2), 0)::int8 as running,
         coalesce(sum(n) filter (where what = 3), 0)::int8 as waiting
    from counted
   group by pool
  having bool_or(n <> 0)
),
worker as (
  select pool, count(*) filter (where live) as live,
         count(*) filter (where not live and lease_until > now() - interval '1 hour') as stale,
         coalesce(sum(max_concurrent) filter (where live and status = 1), 0)::int8 as capacity
    from (
      select pool, status, max_concurrent, lease_until, status <= 3 and lease_until > clock_timestamp() as live
        from (
          select * from sagewai.sessions where not swept
          union all
          select * from sagewai.sessions where ended_at > now() - interval '1 hour' and swept
        ) as recent
       where kind = 'worker' and status <> 4
    ) as session
   group by pool
)
select either.pool, coalesce(either.pending, 0) as pending, coalesce(either.running, 0) as running,
       coalesce(either.waiting, 0) as waiting, coalesce(either.live, 0) as live_workers,
       coalesce(either.stale, 0) as stale_workers, coalesce(either.capacity, 0) as capacity,
       case when either.pending > 0 then (
         select min(ready.changed_at) from sagewai.runs as ready where ready.pool = either.pool and ready.lane is not null
       ) end as oldest_pending_at
  from (select * from run full join worker using (pool)) as either
 where either.pending is not null or either.live > 0
 order by either.pool
