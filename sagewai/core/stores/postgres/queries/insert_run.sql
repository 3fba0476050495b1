-- One run comes in, with neither tags nor a delay, a deadline or a budget, by somebody who has its code: most that come alone.
-- Where its run_id exists this writes nothing, and insert_runs.sql has to be sent.
--
-- $1 run_id  $2 workflow  $3 pool  $4 route  $5 definition  $6 priority  $7 its first step  $8 input  $9 input digest
-- $10 version  $11 actor  $12 source  $13 assurance  $14 null, or the session that holds it
-- Gives its id, and whether the session holds it.

with me as materialized (
  select session.id, session.name
    from sagewai.sessions as session
   where session.id = $14::int8 and session.status = 1 and session.lease_until > clock_timestamp()
),
fresh as materialized (
  select nextval('sagewai.runs_id_seq') as id, clock_timestamp() as moment, (select id from me) as session
   where not exists (select from sagewai.runs as run where run.run_id = $1::text)
),
born as (
  insert into sagewai.runs
         (id, created_at, route, priority, definition, token, rev, status, step_started, changed_at, session, step, run_id,
          workflow, pool)
  select id, moment, $4::int4, $6::int4, $5::int4, (session is not null)::int, (session is not null)::int,
         case when session is null then 1 else 2 end, case when session is not null then moment end, moment, session,
         $7::text, $1, $2::text, $3::text
    from fresh
),
kept as (
  insert into sagewai.inputs (run, submitted_by, digest, version, input)
  select id, $11::text, $9::text, $10::text, $8::text from fresh
),
told as (
  insert into sagewai.events (run, at, kind, actor, source, assurance, detail)
  select id, moment, 'submitted', $11, $12::text, $13::text,
         json_build_object('pool', $3, 'priority', $6, 'delay', null)::text
    from fresh
  union all
  select fresh.id, fresh.moment, 'claimed', null, null, null, json_build_object('token', 1, 'worker', me.name)::text
    from fresh, me
)
select id, session is not null as taken, case when session is null then pg_notify('sagewai_work', '') end as hinted
  from fresh
