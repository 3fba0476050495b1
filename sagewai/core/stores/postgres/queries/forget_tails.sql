-- What began so long ago that its run has most likely ended; who still speaks begins again with the next word. In the order
-- of the runs, as they are written.
-- $1 seconds  $2 limit

with old as materialized (
  select run
    from (
      select tail.run from sagewai.tails as tail
       where tail.began_at < now() - $1::float8 * interval '1 s'
       order by tail.began_at
       limit $2
    ) as found
   order by run
)
delete from sagewai.tails as tail using old where tail.run = any (array[old.run])
