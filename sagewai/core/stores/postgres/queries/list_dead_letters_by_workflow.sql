-- A page of dead letters, newest first, found by workflow.
-- Parameters as in list_dead_letters.sql.

select letter.id, run.run_id, letter.workflow, run.pool, letter.step, letter.attempts, letter.takeovers, ending.error,
       letter.failed_at
  from (
    select *
      from sagewai.dead_letters as letter
     where letter.workflow = $4 and letter.id + 0 < $1::int8
       and ($3::text is null or letter.error_type = $3)
     order by letter.id + 0 desc
     limit $2
  ) as letter
 cross join lateral (select run_id, pool from sagewai.runs where runs.id = letter.run offset 0) as run
  left join lateral (select error from sagewai.ending_overview as ending where ending.run = letter.run offset 0) as ending on true
 order by letter.id desc
