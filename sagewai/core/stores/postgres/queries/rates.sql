-- How many runs came into each status, minute by minute, with what hasn't been folded yet.
-- $1 minutes, the one under way included

select at, status, sum(n)::int8 as n
  from (
    select at, status, n from sagewai.minutes
    union all
    select date_trunc('minute', at), what, n from sagewai.counter_deltas where n > 0 and what <= 8
  ) as came
 where at > date_trunc('minute', now()) - $1::int8 * interval '1 minute' and at > now() - interval '1 day'
 group by at, status
 order by at, status
