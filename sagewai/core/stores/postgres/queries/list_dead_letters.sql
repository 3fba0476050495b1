-- A page of dead letters, newest first. The filter is for what the order leaves.
-- Of every listing of them: $1 ids below this one  $2 limit  $3 error type  $4 workflow

select letter.id, run.run_id, letter.workflow, run.pool, letter.step, letter.attempts, letter.takeovers, ending.error,
       letter.failed_at
  from (
    select *
      from sagewai.dead_letters as letter
     where letter.id < $1 and ($3::text is null or letter.error_type = $3) and ($4::text is null or letter.workflow = $4)
     order by letter.id desc
     limit $2
  ) as letter
 cross join lateral (select run_id, pool from sagewai.runs where runs.id = letter.run offset 0) as run
  left join lateral (select error from sagewai.ending_overview as ending where ending.run = letter.run offset 0) as ending on true
 order by letter.id desc
