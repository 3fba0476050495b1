-- Sessions that ended a while ago and hold nothing need no further look. A claim under way when its session ended may still
-- have committed; none takes longer than this while.
-- $1 seconds

with bare as materialized (
  select session.id
    from sagewai.sessions as session
   where not session.swept and session.ended_at < clock_timestamp() - $1::float8 * interval '1 s'
     and not exists (select from sagewai.runs as run where run.session = any (array[session.id]))
   order by session.id
     for no key update skip locked
)
update sagewai.sessions as session set swept = true from bare where session.id = bare.id
