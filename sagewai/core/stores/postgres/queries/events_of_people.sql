-- $1 after  $2 limit

select event.id, run.run_id, event.at, event.kind, event.actor, event.source, event.assurance, event.reason, event.detail
  from (
    select * from sagewai.events where source <> 'worker' and id > $1 order by id desc limit $2
  ) as event
  left join sagewai.runs as run on run.id = any (array[event.run])
 order by event.id desc
