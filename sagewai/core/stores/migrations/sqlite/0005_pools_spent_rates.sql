-- min_code: 5
--
-- Paused pools, what each run has spent, and how many runs came into each status minute by minute. Code that knows less
-- would claim from a paused pool.

-- Nothing is claimed from these, whoever serves them.
create table paused_pools (pool integer primary key, paused_at integer not null) strict;

-- What the model calls of a run have cost, written where they are recorded; no row where there is none. cost in USD.
create table spent (
  run integer primary key,
  calls integer not null,
  input_tokens integer not null,
  output_tokens integer not null,
  cost real not null,
  unpriced integer not null
) strict;
insert into spent (run, calls, input_tokens, output_tokens, cost, unpriced)
select run, count(*), ifnull(sum(input_tokens), 0), ifnull(sum(output_tokens), 0), total(cost), count(*) - count(cost)
from calls where kind = 'model' group by run;

-- How many runs came into a status within a minute, counted from 1970 (UTC); kept for a day.
create table minutes (minute integer not null, status integer not null, n integer not null, primary key (minute, status))
  strict, without rowid;
create trigger minutes_kept after insert on minutes begin
  delete from minutes where minute <= new.minute - 1440;
end;
create trigger runs_came after insert on runs begin
  insert into minutes (minute, status, n) values (new.changed_at / 60000000, new.status, 1)
    on conflict do update set n = n + 1;
end;
create trigger runs_went after update of status on runs when new.status <> old.status begin
  insert into minutes (minute, status, n) values (new.changed_at / 60000000, new.status, 1)
    on conflict do update set n = n + 1;
end;
