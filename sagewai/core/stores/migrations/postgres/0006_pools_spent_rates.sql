-- min_code: 6
--
-- Paused pools, what each run has spent, and how many runs came into each status minute by minute. Code that knows less would claim from a paused pool.
select;
