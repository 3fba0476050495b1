-- min_code: 6
--
-- What finds old runs, and dead letters counted by error.
select;
