-- Runs come in, all or none: a run_id that was taken meanwhile is a unique violation, and the caller looks again.
--
-- $1 run_id  $2 workflow  $3 pool  $4 route  $5 definition  $6 priority  $7 delay  $8 input  $9 input digest  $10 tags
-- $11 actor  $12 source  $13 assurance  $14 version  $15 deadline  $16 USD  $17 tokens  $18 on_exceed: one row per
-- run, with distinct run_ids.
-- $19 null, or the session that holds them
-- Gives one row per run, in order; for an existing one only whether it differs. Where any differs nothing is written.

with me as materialized (
  select session.id, session.name
    from sagewai.sessions as session
   where session.id = $19 and session.status = 1 and session.lease_until > clock_timestamp()
),
item as materialized (
  select item.*, existing.id as existing, coalesce(existing.differs, false) as differs,
         coalesce(item.delay, 0) = 0 and exists (select from me) as taken
    from unnest($1::text[], $2::text[], $3::text[], $4::int4[], $5::int4[], $6::int4[], $7::float8[], $8::text[],
                $9::text[], $10::jsonb[], $11::text[], $12::text[], $13::text[], $14::text[], $15::float8[], $16::float8[],
                $17::int8[], $18::text[])
         with ordinality as item (run_id, workflow, pool, route, definition, priority, delay, input, digest, tags, actor,
                                  source, assurance, version, deadline, usd, tokens, on_exceed, position)
    left join lateral (
      select run.id, run.workflow <> item.workflow or input.digest <> item.digest as differs
        from sagewai.runs as run
        join sagewai.inputs as input on input.run = any (array[run.id])
       where run.run_id = item.run_id
    ) as existing on true
),
fit as materialized (select bool_or(differs) is not true as sure from item),
fresh as materialized (
  select item.*, nextval('sagewai.runs_id_seq') as id, clock_timestamp() as moment,
         (select definition.steps[1] from sagewai.definitions as definition where definition.id = item.definition) as step
    from (select item.* from item, fit where fit.sure and item.existing is null order by position) as item
),
born as (
  insert into sagewai.runs
         (id, created_at, route, priority, definition, token, rev, status, wait, step_started, changed_at, due_at, session,
          step, run_id, workflow, pool)
  select id, moment, route, priority, definition, taken::int, taken::int,
         case when taken then 2 when coalesce(delay, 0) > 0 then 3 else 1 end,
         case when coalesce(delay, 0) > 0 then 2 end, case when taken then moment end, moment,
         case when coalesce(delay, 0) > 0 then moment + delay * interval '1 s' end, case when taken then $19::int8 end,
         step, run_id, workflow, pool
    from fresh
),
kept as (
  insert into sagewai.inputs (run, submitted_by, digest, version, tags, input)
  select id, actor, digest, version, tags, input from fresh
),
limited as (
  insert into sagewai.deadlines (run, at)
  select id, moment + deadline * interval '1 s' from fresh where deadline is not null
),
budgeted as (
  insert into sagewai.budgets (run, usd, tokens, on_exceed)
  select id, usd, tokens, on_exceed from fresh where on_exceed is not null
),
tagged as (
  insert into sagewai.run_tags (key, value, run)
  select tag.key, tag.value, fresh.id from fresh cross join lateral jsonb_each_text(fresh.tags) as tag
),
told as (
  insert into sagewai.events (run, at, kind, actor, source, assurance, detail)
  select run, moment, kind, actor, source, assurance, detail
    from (
      select position, 1 as rank, id as run, moment, 'submitted' as kind, actor, source, assurance,
             json_build_object('pool', pool, 'priority', priority, 'delay', delay)::text as detail
        from fresh
      union all
      select position, 2, fresh.id, moment, 'claimed', null, null, null,
             json_build_object('token', 1, 'worker', me.name)::text
        from fresh, me
       where taken
    ) as event
   order by position, rank
),
hint as materialized (
  select pg_notify('sagewai_work', '') where exists (select from fresh where not taken and coalesce(delay, 0) = 0)
  union all
  select pg_notify('sagewai_done', '') where exists (select from fresh where coalesce(delay, 0) > 0)
)
select run.run_id, run.id, run.taken, run.differs
  from (
    select position, run_id, id, taken, false as differs from fresh
    union all
    select position, run_id, null, false, differs from item where existing is not null
  ) as run
 cross join (select count(*) from hint) as hinted
