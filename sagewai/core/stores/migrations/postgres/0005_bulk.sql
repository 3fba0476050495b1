-- min_code: 4
--
-- Bulk jobs, worked off by whoever is alive; and the kinds of events that the audit keeps.
select;
