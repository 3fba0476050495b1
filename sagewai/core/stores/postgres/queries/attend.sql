-- $1 approval  $2 what is done about it  $3 reviewer  $4 source  $5 assurance  $6 seconds  $7 text

select told, judged from sagewai.attend($1, $2, $3, $4, $5, $6, $7)
