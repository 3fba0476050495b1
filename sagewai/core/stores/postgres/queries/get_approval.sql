-- $1 approval

select * from sagewai.approval_overview where id = $1
