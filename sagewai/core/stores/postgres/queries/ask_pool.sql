-- PAUSE and RESUME of a pool are kept with it; DRAIN is asked of its live workers.
-- $1 pool  $2 ask, by its name  $3 its code  $4 actor  $5 source  $6 assurance  $7 reason
-- Gives how many live workers it has.

with live as materialized (
  select session.id
    from sagewai.sessions as session
   where not session.swept and session.pool = $1 and session.kind = 'worker' and session.status <= 3
     and session.lease_until > clock_timestamp()
   order by session.id
),
drained as (
  update sagewai.sessions as session set asked = $3
    from live
   where $2::text = 'drain' and session.id = any (array[live.id])
),
paused as (
  insert into sagewai.paused_pools (pool) select $1 where $2::text = 'pause' on conflict (pool) do nothing
),
resumed as (
  delete from sagewai.paused_pools as paused where $2::text = 'resume' and paused.pool = $1
),
told as (
  insert into sagewai.events (kind, actor, source, assurance, reason, detail)
  values ('pool_asked', $4, $5, $6, $7, json_build_object('pool', $1::text, 'ask', $2::text)::text)
),
hint as materialized (select pg_notify('sagewai_work', '') where $2::text = 'resume')
select (select count(*) from live) as workers from (select count(*) from hint) as hinted
