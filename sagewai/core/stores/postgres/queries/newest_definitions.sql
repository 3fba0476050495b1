-- What the session opened last brought for each of these workflows.
-- $1 workflows (distinct)

select wanted.workflow, definition.id, definition.version
  from unnest($1::text[]) as wanted (workflow)
 cross join lateral (
   select brought.definition as id
     from sagewai.session_definitions as brought
    where brought.workflow = wanted.workflow
    order by brought.session desc
    limit 1
 ) as newest
 cross join lateral (select id, version from sagewai.definitions where definitions.id = newest.id) as definition
