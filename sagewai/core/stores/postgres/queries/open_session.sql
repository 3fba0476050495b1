-- $1 name  $2 kind  $3 pool  $4 labels  $5 lease_ttl in seconds  $6 max_concurrent  $7 host  $8 boot_id  $9 pid_namespace
-- $10 pid  $11 start of the process  $12 workflows  $13 their definitions

with opened as (
  insert into sagewai.sessions
         (name, kind, pool, labels, lease_ttl, lease_until, max_concurrent, host, boot_id, pid_namespace, pid,
          process_started, workflows)
  values ($1, $2, $3, $4::jsonb, $5::float8 * interval '1 s', now() + $5::float8 * interval '1 s', $6, $7, $8,
          $9, $10, $11, $12::text[])
  returning id
),
brought as (
  insert into sagewai.session_definitions (workflow, session, definition)
  select definition.workflow, opened.id, definition.id
    from opened, unnest($12::text[], $13::int4[]) as definition (workflow, id)
  on conflict do nothing
)
select id from opened
