-- One row without on_exceed for a run that has none.
-- $1 run_id

select budget.usd, budget.tokens, budget.on_exceed
  from sagewai.runs as run
  left join sagewai.budgets as budget on budget.run = any (array[run.id])
 where run.run_id = $1
