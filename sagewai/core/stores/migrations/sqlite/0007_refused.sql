-- min_code: 5
--
-- The version of a refused run of which no code has been seen: its route names what it waits for, no longer its version.
alter table run_inputs add column version text;
