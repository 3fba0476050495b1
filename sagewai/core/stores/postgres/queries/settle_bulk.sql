-- Notes what became of items that were taken; false when their job was stopped meanwhile.
-- $1 job  $2 numbers  $3 outcomes  $4 details

select sagewai.settle_bulk($1, $2, $3, $4) as running
