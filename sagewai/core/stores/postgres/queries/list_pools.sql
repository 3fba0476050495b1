-- Pools with runs that aren't terminal, a live worker, or a pause.

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
),
either as (
  select pool, sum(pending)::int8 as pending, sum(running)::int8 as running, sum(waiting)::int8 as waiting,
         sum(live)::int8 as live, sum(stale)::int8 as stale, sum(capacity)::int8 as capacity, bool_or(has_runs) as has_runs,
         bool_or(paused) as paused
    from (
      select pool, pending, running, waiting, 0 as live, 0 as stale, 0 as capacity, true as has_runs, false as paused from run
      union all
      select pool, 0, 0, 0, live, stale, capacity, false, false from worker
      union all
      select pool, 0, 0, 0, 0, 0, 0, false, true from sagewai.paused_pools
    ) as half
   group by pool
)
select pool, pending, running, waiting, live as live_workers, stale as stale_workers, capacity, paused,
       case when pending > 0 then (
         select ready.changed_at
           from sagewai.runs as ready
          where ready.pool = either.pool and ready.lane is not null
          order by ready.changed_at
          limit 1
       ) end as oldest_pending_at
  from either
 where has_runs or live > 0 or paused
 order by pool
