-- What every look of a console begins with, as one row of arrays: the counters with what hasn't been folded yet, the pools that
-- have runs that aren't terminal, a live worker, or a pause, whether there are bulk jobs, and what is new.
-- $1 how far back to look for that

with counted as materialized (
  select pool, what, sum(n)::int8 as n
    from (
      select pool, what, n from sagewai.counters
      union all
      select pool, what, n from sagewai.counter_deltas
    ) as counted
   group by pool, what
  having sum(n) <> 0
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
listed as (
  select pool, bool_or(is_queued) as is_queued, sum(live)::int8 as live, sum(stale)::int8 as stale,
         sum(capacity)::int8 as capacity, bool_or(paused) as paused
    from (
      select pool, what = 1 and n > 0 as is_queued, true as has_runs, 0 as live, 0 as stale, 0 as capacity, false as paused
        from counted
       where what between 1 and 4
      union all
      select pool, false, false, live, stale, capacity, false from worker
      union all
      select pool, false, false, 0, 0, 0, true from sagewai.paused_pools
    ) as half
   group by pool
  having bool_or(has_runs) or sum(live) > 0 or bool_or(paused)
),
pool as (
  select array_agg(listed.pool order by listed.pool) as pools, array_agg(live order by listed.pool) as live,
         array_agg(stale order by listed.pool) as stale, array_agg(capacity order by listed.pool) as capacity,
         array_agg(paused order by listed.pool) as paused, array_agg(oldest order by listed.pool) as oldest
    from (
      select listed.*,
             case when is_queued then (
               select ready.changed_at
                 from sagewai.runs as ready
                where ready.pool = listed.pool and ready.lane is not null
                order by ready.changed_at
                limit 1
             ) end as oldest
        from listed
    ) as listed
)
select clock_timestamp() as now, counter.*, pool.*,
       coalesce((select id from sagewai.bulk_jobs where id > 0 order by id desc limit 1), 0) as newest_bulk,
       (select count(*) from sagewai.bulk_jobs where status = 1 and id > 0) as running_bulks,
       array(
         select id from (select id, status from sagewai.approvals where id > 0 order by id desc limit $1::int8) as latest
          where status = 1
          order by id desc
       ) as newest_approvals,
       array(select id from sagewai.dead_letters where id > 0 order by id desc limit $1::int8) as newest_dead_letters
  from (
    select array_agg(pool order by pool, what) as counted_pools, array_agg(what order by pool, what) as whats,
           array_agg(n order by pool, what) as counts
      from counted
  ) as counter
 cross join pool
