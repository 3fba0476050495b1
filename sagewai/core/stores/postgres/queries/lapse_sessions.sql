-- $1 sessions

with me as materialized (
  select id
    from sagewai.sessions
   where id = any ($1::int8[]) and status <= 3 and lease_until > clock_timestamp()
   order by id
     for no key update
)
update sagewai.sessions as session
   set lease_until = clock_timestamp()
  from me
 where session.id = me.id
returning session.id
