-- $1 session

with me as materialized (
  select id from sagewai.sessions where id = $1 and status <= 3 for no key update
)
update sagewai.sessions as session
   set status = 4, ended_at = clock_timestamp()
  from me
 where session.id = me.id
returning session.id
