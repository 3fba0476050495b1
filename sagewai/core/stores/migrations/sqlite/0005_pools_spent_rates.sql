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

-- What arrivals stood at when the first run of a minute, counted from 1970 (UTC), came into a status: what they stand at
-- before the next such minute tells how many came. Kept for a day. A status that changes only looks whether there is one.
create table minutes (minute integer not null, status integer not null, n integer not null, primary key (minute, status))
  strict, without rowid;
create trigger runs_come before insert on runs
when not exists (select 1 from minutes where minute = new.changed_at / 60000000) begin
  delete from minutes where minute <= new.changed_at / 60000000 - 1440;
  insert into minutes (minute, status, n) select new.changed_at / 60000000, status, n from arrivals where status > 0;
end;
create trigger runs_go before update of status on runs
when new.status <> old.status and not exists (select 1 from minutes where minute = new.changed_at / 60000000) begin
  delete from minutes where minute <= new.changed_at / 60000000 - 1440;
  insert into minutes (minute, status, n) select new.changed_at / 60000000, status, n from arrivals where status > 0;
end;

-- What makes runs ready other than coming into a status: that a pool was resumed.
insert into arrivals (status, n) values (0, 0);
