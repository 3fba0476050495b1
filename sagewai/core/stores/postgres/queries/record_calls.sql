-- Calls of any runs, any number of each, and what they add to the kept sums: one statement, one commit. A call that was
-- recorded before stays as it is, and is counted once.
--
-- $1 run  $2 token  $3 seq  $4 step  $5 attempt  $6 branch  $7 name  $8 position  $9 round  $10 kind  $11 digest  $12 identity
-- $13 request  $14 response  $15 model  $16 input tokens  $17 output tokens  $18 cost  $19 latency: one row per call.
-- Gives the place of each call whose token held, and the key of each that was new: there, the first in order was written.

with item as materialized (
  select *
    from unnest($1::int8[], $2::int4[], $3::int4[], $4::text[], $5::int4[], $6::text[], $7::text[], $8::int4[],
                $9::int4[], $10::text[], $11::text[], $12::bytea[], $13::text[], $14::text[], $15::text[], $16::int8[],
                $17::int8[], $18::float8[], $19::float8[])
         with ordinality as item (run, token, seq, step, attempt, branch, name, position, round, kind, digest, identity,
                                  request, response, model, input_tokens, output_tokens, cost, latency, place)
   order by run, place
),
held as materialized (          -- locked in the order of their ids; the token is part of the lock
  select item.*, clock_timestamp() as moment
    from item
   cross join lateral (
     select
       from sagewai.runs as run
      where run.id = item.run and run.token = item.token and run.status + 0 = 2
        for no key update
   ) as run
),
recorded as (
  insert into sagewai.calls
         (run, recorded_at, seq, step, attempt, branch, name, position, round, kind, digest, identity, request, response,
          model, input_tokens, output_tokens, cost, latency)
  select run, moment, seq, step, attempt, branch, name, position, round, kind, digest, identity, request, response,
         model, input_tokens, output_tokens, cost, latency
    from held
  on conflict (run, seq, identity) do nothing
  returning run, seq, identity, recorded_at, kind, model, input_tokens, output_tokens, cost
),
spent as (                      -- kept per run, under its lock
  insert into sagewai.spent as kept (run, calls, input_tokens, output_tokens, cost, unpriced)
  select run, count(*), coalesce(sum(input_tokens), 0), coalesce(sum(output_tokens), 0), coalesce(sum(cost), 0),
         count(*) filter (where cost is null)
    from recorded
   where kind = 'model'
   group by run
   order by run
  on conflict (run) do update
     set calls = kept.calls + excluded.calls,
         input_tokens = kept.input_tokens + excluded.input_tokens,
         output_tokens = kept.output_tokens + excluded.output_tokens,
         cost = kept.cost + excluded.cost,
         unpriced = kept.unpriced + excluded.unpriced
),
summed as (                     -- every run is locked by now; the sums are, in an order of their own
  insert into sagewai.spending as kept (day, workflow, model, calls, input_tokens, output_tokens, cost, unpriced)
  select (recorded.recorded_at at time zone 'UTC')::date, run.workflow, recorded.model, count(*),
         coalesce(sum(recorded.input_tokens), 0), coalesce(sum(recorded.output_tokens), 0),
         coalesce(sum(recorded.cost), 0), count(*) filter (where recorded.cost is null)
    from recorded
    join sagewai.runs as run on run.id = any (array[recorded.run])
   where recorded.kind = 'model'
   group by 1, 2, 3
   order by 1, 2, 3
  on conflict (day, workflow, model) do update
     set calls = kept.calls + excluded.calls,
         input_tokens = kept.input_tokens + excluded.input_tokens,
         output_tokens = kept.output_tokens + excluded.output_tokens,
         cost = kept.cost + excluded.cost,
         unpriced = kept.unpriced + excluded.unpriced
)
select place, null::int8 as run, null::int4 as seq, null::bytea as identity from held
union all
select null, run, seq, identity from recorded
