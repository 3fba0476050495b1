-- min_code: 5
--
-- A run's calls in the order they were recorded (an index ends with the row's id), so that a page of thousands sorts nothing.
create index calls_in_order on calls (run);
