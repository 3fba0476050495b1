-- What was recorded under these keys, by their place among those that are asked for.
-- $1 run  $2 seq  $3 identity: one row per key.

select asked.place, call.response
  from unnest($1::int8[], $2::int4[], $3::bytea[]) with ordinality as asked (run, seq, identity, place)
  left join sagewai.calls as call
    on call.run = any (array[asked.run]) and call.seq = asked.seq and call.identity = asked.identity
