-- $1 workflow  $2 digest

select id from sagewai.definitions where workflow = $1 and digest = $2
