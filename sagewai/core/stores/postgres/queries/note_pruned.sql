-- $1 detail  $2 actor  $3 source  $4 assurance

insert into sagewai.events (kind, actor, source, assurance, detail) values ('pruned', $2, $3, $4, $1)
