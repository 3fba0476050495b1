-- Sessions that are over and hold nothing any more need no further look.
-- $1 null, or the one session it is about

with bare as materialized (
  select session.id
    from sagewai.sessions as session
   where not session.swept and session.status in (4, 5) and ($1::int8 is null or session.id = $1)
     and not exists (select from sagewai.runs as run where run.session = session.id)
   order by session.id
     for update skip locked
)
update sagewai.sessions as session set swept = true from bare where session.id = bare.id
returning session.id
