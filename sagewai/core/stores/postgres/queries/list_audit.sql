-- $1 after  $2 limit

select number, at, kind, run_id, actor, source, assurance, reason, detail, hash
  from sagewai.audit
 where number > $1
 order by number
 limit $2
