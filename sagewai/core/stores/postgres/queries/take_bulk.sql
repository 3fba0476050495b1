-- Some items that are left and that nobody has in hand, locked.
-- $1 job  $2 limit

select number, run_id from sagewai.take_bulk($1, $2)
