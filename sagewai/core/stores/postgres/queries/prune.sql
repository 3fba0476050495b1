-- Old runs that are over, with all that belongs to them alone: oldest change of status first, through the index of each
-- status. Runs that somebody has locked are left for later.
-- $1 statuses  $2 seconds since the last change  $3 limit

with old as materialized (
  select found.status, found.changed_at
    from unnest($1::int2[]) as wanted (status)
   cross join lateral (
     select run.status, run.changed_at
       from sagewai.runs as run
      where run.status = wanted.status and run.changed_at < now() - $2::float8 * interval '1 s'
      order by run.changed_at, run.id
      limit $3
   ) as found
   order by found.changed_at
   limit $3
),
share as materialized (         -- how many of each status are among the oldest: no more than those get locked
  select status, count(*) as most from old group by status
),
held as materialized (
  select run.id
    from share
   cross join lateral (
     select run.id
       from sagewai.runs as run
      where run.status = share.status and run.changed_at < now() - $2::float8 * interval '1 s'
      order by run.changed_at, run.id
      limit share.most
        for update skip locked
   ) as run
),
approval as materialized (
  delete from sagewai.approvals as approval using held where approval.run = any (array[held.id]) returning approval.id
),
decided as (
  delete from sagewai.decisions as decision using approval where decision.approval = any (array[approval.id])
),
said as materialized (
  delete from sagewai.inputs as input using held where input.run = any (array[held.id]) returning input.run, input.tags
),
tag as materialized (           -- looked up one by one: run stands last in their index
  select tag.place
    from (select said.run, pair.key, pair.value from said cross join lateral jsonb_each_text(said.tags) as pair) as pair
   cross join lateral (
     select tag.ctid as place
       from sagewai.run_tags as tag
      where tag.key = pair.key and tag.value = pair.value and tag.run = pair.run
     offset 0
   ) as tag
),
tagged as (
  delete from sagewai.run_tags as tag where tag.ctid = any (array(select place from tag))
),
tried as (
  delete from sagewai.attempts as attempt using held where attempt.run = any (array[held.id])
),
noted as (
  delete from sagewai.events as event using held where event.run = any (array[held.id])
),
waited as (
  delete from sagewai.waits as wait using held where wait.run = any (array[held.id])
),
sent as (
  delete from sagewai.signals as signal using held where signal.run = any (array[held.id])
),
called as (
  delete from sagewai.calls as call using held where call.run = any (array[held.id])
),
dead as (
  delete from sagewai.dead_letters as letter using held where letter.run = any (array[held.id])
),
ended as (
  delete from sagewai.endings as ending using held where ending.run = any (array[held.id])
),
asked as (
  delete from sagewai.asks as ask using held where ask.run = any (array[held.id])
),
late as (
  delete from sagewai.deadlines as deadline using held where deadline.run = any (array[held.id])
),
allowed as (
  delete from sagewai.budgets as budget using held where budget.run = any (array[held.id])
),
paid as (
  delete from sagewai.spent as spent using held where spent.run = any (array[held.id])
),
forked as (
  delete from sagewai.forks as fork using held where fork.run = any (array[held.id])
),
heard as (
  delete from sagewai.tails as tail using held where tail.run = any (array[held.id])
),
gone as (
  delete from sagewai.runs as run using held where run.id = any (array[held.id])
)
select count(*) from held
