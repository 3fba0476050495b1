-- In the order of the runs, so that two writers don't wait in a circle.
-- $1 run  $2 step  $3 name  $4 text: one row per run.

insert into sagewai.tails as tail (run, at, step, name, text)
select run, clock_timestamp(), step, name, text
  from unnest($1::int8[], $2::text[], $3::text[], $4::text[]) as item (run, step, name, text)
 order by run
on conflict (run) do update
   set at = excluded.at, step = excluded.step, name = excluded.name, text = excluded.text
