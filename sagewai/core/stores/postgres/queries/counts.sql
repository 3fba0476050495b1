-- Counters, with what hasn't been folded yet.

select pool, what, sum(n)::int8 as n
  from (
    select pool, what, n from sagewai.counters
    union all
    select pool, what, n from sagewai.counter_deltas
  ) as counted
 group by pool, what
having sum(n) <> 0
 order by pool, what
