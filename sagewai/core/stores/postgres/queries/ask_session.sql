-- $1 session  $2 ask  $3 its name  $4 actor  $5 source  $6 assurance  $7 reason

with me as (
  update sagewai.sessions
     set asked = $2
   where id = $1 and status <= 3 and lease_until > clock_timestamp()
  returning id, name
),
told as (
  insert into sagewai.events (kind, actor, source, assurance, reason, detail)
  select 'worker_asked', $4, $5, $6, $7, json_build_object('worker', me.name, 'ask', $3::text)::text from me
)
select id from me
