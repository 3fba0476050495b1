-- $1 null, or the one session it is about  $2 live ones only  $3 limit

with listed as materialized (
  select id from sagewai.sessions where not swept and $1::int8 is null
  union
  select id from sagewai.sessions where ended_at > now() - interval '1 day' and not $2 and $1::int8 is null
  union
  select id from sagewai.sessions where id = $1
)
select session.*,
       (
         select json_object_agg(brought.workflow, definition.version)::text
           from unnest(session.workflows) as its (workflow)
           join sagewai.session_definitions as brought
             on brought.workflow = any (array[its.workflow]) and brought.session = session.id
           join sagewai.definitions as definition on definition.id = any (array[brought.definition])
       ) as versions,
       session.status <= 3 and session.lease_until > clock_timestamp() as live,
       (select count(*) from sagewai.runs as run where run.session = any (array[session.id])) as running,
       (
         select count(*)
           from sagewai.runs as run
          where run.assigned = any (array[session.id]) and run.status + 0 = 1 and run.assigned_until > clock_timestamp()
       ) as assigned
  from listed
 cross join lateral (select * from sagewai.sessions where sessions.id = listed.id offset 0) as session
 where $1::int8 is not null
    or session.status <= 3 and session.lease_until > clock_timestamp()
    or not $2 and coalesce(session.ended_at, session.lease_until) > now() - interval '1 day'
 order by live desc, session.id desc
 limit $3
