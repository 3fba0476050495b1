-- min_code: 6
--
-- The latest changes of a workflow in an index of their own: looked for among those of all workflows, the page of one that
-- has no run of some status cost a look at every run of that status. Those that run are few, and aren't in it. In exchange
-- the runs of a status are listed pool by pool, so that a claim writes one index less than before, and a completion as many.
create index runs_changed on sagewai.runs (workflow, (status + 0), changed_at, (id + 0)) where status <> 2;
drop index sagewai.runs_by_status;

-- With all that a listing by the beginning of a run's id needs to know of those that begin so: what it doesn't show, it
-- doesn't visit. By its old name, which code that is older looks for in a refusal.
create unique index runs_named on sagewai.runs (run_id) include (id, status, changed_at);
drop index sagewai.runs_run_id;
alter index sagewai.runs_named rename to runs_run_id;
