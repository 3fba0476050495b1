-- Renews a lease that isn't over, and reads back what the session holds.
-- $1 session  $2 status  $3 the ask that this status fulfils
-- Gives nothing for a session that is over, else one row per held run, or one without a run.

with me as (
  update sagewai.sessions as session
     set lease_until = now() + session.lease_ttl,
         beat_at = now(),
         status = $2,
         asked = nullif(session.asked, $3)
   where session.id = $1 and session.status <= 3 and session.lease_until > clock_timestamp()
  returning session.id, session.asked
)
select me.asked as session_asked, run.id, run.run_id, run.token, run.asked
  from me
  left join lateral (
    select run.id, run.run_id, run.token, run.asked
      from sagewai.runs as run
     where run.session = any (array[me.id])
  ) as run on true
 order by run.id
