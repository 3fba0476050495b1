"""What calls of models cost: sums kept per run, and per day (UTC), workflow and model."""

from __future__ import annotations

from datetime import date, timedelta

from sagewai.core.stores.journal import SpendingBy
from sagewai.core.stores.sqlite.changes import head_of
from sagewai.core.stores.sqlite.transaction import Transaction
from sagewai.models.call import Budget, CallRecord, Spending, Spent

DAY = 86_400_000_000
"""Microseconds."""

_FIRST_DAY = date(1970, 1, 1)


class Sums:
    """What the calls that one transaction recorded add to the kept sums."""

    def __init__(self) -> None:
        self._sums: dict[tuple[int, str], Spent] = {}
        self._of_runs: dict[int, Spent] = {}

    def add(self, workflow: int, call: CallRecord) -> None:
        if call.kind != "model":
            return
        self._sums[workflow, call.model] = _plus(self._sums.get((workflow, call.model), Spent()), call)
        self._of_runs[call.key] = _plus(self._of_runs.get(call.key, Spent()), call)

    def write(self, tx: Transaction) -> None:
        for (workflow, model), sums in self._sums.items():
            tx.change(_ADD, tx.now // DAY, workflow, model, *_columns(sums))
        for run, sums in self._of_runs.items():
            tx.change(_ADD_TO_RUN, run, *_columns(sums))


def _plus(before: Spent, call: CallRecord) -> Spent:
    return Spent(
        calls=before.calls + 1,
        input_tokens=before.input_tokens + (call.input_tokens or 0),
        output_tokens=before.output_tokens + (call.output_tokens or 0),
        cost=before.cost + (call.cost or 0.0),
        unpriced=before.unpriced + (call.cost is None),
    )


def _columns(sums: Spent) -> tuple[int, int, int, float, int]:
    return (sums.calls, sums.input_tokens, sums.output_tokens, sums.cost, sums.unpriced)


def spent(tx: Transaction, run_id: str) -> Spent:
    row = tx.row(OF_RUN, head_of(tx, run_id).key)
    return Spent() if row is None else Spent(*row)


def spending(tx: Transaction, by: SpendingBy, days: int | None, limit: int) -> list[Spending]:
    since = 0 if days is None else tx.now // DAY - days + 1
    found = [Spending(str(key), Spent(*sums)) for key, *sums in tx.rows(KEPT[by], since, max(limit, 0))]
    if by != "day":
        return found
    return [Spending(f"{_FIRST_DAY + timedelta(int(each.key))}", each.spent) for each in found]


def get_budget(tx: Transaction, run_id: str) -> Budget | None:
    row = tx.row("select usd, tokens, on_exceed from budgets where run = ?", head_of(tx, run_id).key)
    return None if row is None else Budget(*row)


_AND_MORE = """
  calls = calls + excluded.calls, input_tokens = input_tokens + excluded.input_tokens,
  output_tokens = output_tokens + excluded.output_tokens, cost = cost + excluded.cost,
  unpriced = unpriced + excluded.unpriced
"""

_ADD = f"""
insert into spending (day, workflow, model, calls, input_tokens, output_tokens, cost, unpriced)
values (?, ?, ?, ?, ?, ?, ?, ?)
on conflict (day, workflow, model) do update set {_AND_MORE}
"""

_ADD_TO_RUN = f"""
insert into spent (run, calls, input_tokens, output_tokens, cost, unpriced) values (?, ?, ?, ?, ?, ?)
on conflict (run) do update set {_AND_MORE}
"""

OF_RUN = "select calls, input_tokens, output_tokens, cost, unpriced from spent where run = ?"

_SUMS = "sum(s.calls), sum(s.input_tokens), sum(s.output_tokens), sum(s.cost), sum(s.unpriced)"

KEPT: dict[SpendingBy, str] = {
    "workflow": f"select w.name, {_SUMS} from spending s join workflows w on w.id = s.workflow where s.day >= ? "
    "group by w.id order by sum(s.cost) desc, w.name limit ?",
    "model": f"select s.model, {_SUMS} from spending s where s.day >= ? "
    "group by s.model order by sum(s.cost) desc, s.model limit ?",
    "day": f"select s.day, {_SUMS} from spending s where s.day >= ? group by s.day order by s.day desc limit ?",
}
