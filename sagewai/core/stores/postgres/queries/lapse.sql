-- Sessions whose lease is over lapse.
-- $1 limit

with late as materialized (
  select session.id
    from sagewai.sessions as session
   where not session.swept and session.status <= 3 and session.lease_until <= clock_timestamp()
   order by session.id
   limit $1
     for no key update skip locked
)
update sagewai.sessions as session
   set status = 5, ended_at = clock_timestamp()
  from late
 where session.id = late.id
returning session.id
