"""Calls inside steps: recorded once each, added up by day, workflow and model; and what models are saying right now."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import timedelta

from sagewai.core.codec import require_storable
from sagewai.core.stores.journal import SpendingBy
from sagewai.core.stores.memory.rows import RunRow
from sagewai.core.stores.memory.state import State
from sagewai.models.call import Call, CallRecord, Spending, Spent, Tail
from sagewai.models.status import RunStatus


def record_calls(state: State, calls: Sequence[CallRecord]) -> list[str | None]:
    for call in calls:
        _check(call)
    return [_record(state, call) for call in calls]


def _check(call: CallRecord) -> None:
    for text in (call.step, call.branch, call.name, call.digest, call.model):
        require_storable(text, "the call")
    require_storable(call.request or "", "the call's request")
    require_storable(call.response, "the call's response")


def _record(state: State, call: CallRecord) -> str | None:
    run = state.runs.get(call.key)
    if run is None or run.status is not RunStatus.RUNNING or run.token != call.token:
        return None
    identity = (call.seq, call.branch, call.name, call.position, call.round, call.digest)
    known = run.calls.get(identity)
    if known is None:
        state.calls += 1
        known = run.calls[identity] = _call(state, run, call)
        if call.kind == "model":
            sums = (known.recorded_at.date(), run.workflow, call.model)
            state.spending[sums] = _total([state.spending.get(sums, Spent()), _price(known)])
            run.spent = _total([run.spent, _price(known)])
    return known.response


def _call(state: State, run: RunRow, call: CallRecord) -> Call:
    return Call(
        id=state.calls,
        run_id=run.run_id,
        seq=call.seq,
        step=call.step,
        attempt=call.attempt,
        branch=call.branch,
        name=call.name,
        position=call.position,
        round=call.round,
        kind=call.kind,
        digest=call.digest,
        request=call.request,
        response=call.response,
        model=call.model,
        input_tokens=call.input_tokens,
        output_tokens=call.output_tokens,
        cost=call.cost,
        latency=call.latency,
        recorded_at=state.time(state.now),
    )


def spending(state: State, by: SpendingBy, days: int | None, limit: int) -> list[Spending]:
    today = state.time(state.now).date()
    found: dict[str, list[Spent]] = {}
    for (day, workflow, model), sums in state.spending.items():
        if days is None or day > today - timedelta(days):
            key = {"workflow": workflow, "model": model, "day": day.isoformat()}[by]
            found.setdefault(key, []).append(sums)
    rows = [Spending(key, _total(parts)) for key, parts in sorted(found.items(), reverse=by == "day")]
    if by != "day":
        rows.sort(key=lambda row: -row.spent.cost)
    return rows[: max(limit, 0)]


def _price(call: Call) -> Spent:
    return Spent(
        calls=1,
        input_tokens=call.input_tokens or 0,
        output_tokens=call.output_tokens or 0,
        cost=call.cost or 0.0,
        unpriced=int(call.cost is None),
    )


def _total(parts: Iterable[Spent]) -> Spent:
    summed = list(parts)
    return Spent(
        calls=sum(part.calls for part in summed),
        input_tokens=sum(part.input_tokens for part in summed),
        output_tokens=sum(part.output_tokens for part in summed),
        cost=sum(part.cost for part in summed),
        unpriced=sum(part.unpriced for part in summed),
    )


# -- tails ------------------------------------------------------------------------------------------------------------


def write_tails(state: State, tails: Mapping[int, tuple[str, str, str]]) -> None:
    for texts in tails.values():
        for text in texts:
            require_storable(text, "the tail")
    for key, (step, name, text) in tails.items():
        run = state.runs.get(key)
        if run is not None:
            run.tail = Tail(run.run_id, step, name, text, state.time(state.now))


def tail_of(run: RunRow) -> Tail | None:
    return run.tail if run.status is RunStatus.RUNNING else None
