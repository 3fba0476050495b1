"""Calls inside steps: each recorded once under its identity, and added to what its model costs."""

from __future__ import annotations

import json
from collections.abc import Sequence

from sagewai.core.codec import require_storable
from sagewai.core.stores import words
from sagewai.core.stores.sqlite.rows import CALL, call_of
from sagewai.core.stores.sqlite.spending import Sums
from sagewai.core.stores.sqlite.transaction import Transaction
from sagewai.models.call import Call, CallRecord


def record_calls(tx: Transaction, calls: Sequence[CallRecord]) -> list[str | None]:
    """Nobody else can take a run from its owner between the reading of its token and the writing."""
    owned = {key: (token, workflow) for key, token, workflow in tx.rows(_OWNED, _keys(calls), words.RUNNING)}
    sums = Sums()
    answers: list[str | None] = []
    for call in calls:
        token, workflow = owned.get(call.key, (None, 0))
        if token != call.token:
            _require_storable(call)
            answers.append(None)
            continue
        identity = (call.key, call.seq, call.branch, call.name, call.position, call.round, call.digest)
        rest = (
            call.attempt,
            tx.now,
            call.kind,
            call.input_tokens,
            call.output_tokens,
            call.cost,
            call.latency,
            call.step,
            call.model,
            call.request,
            call.response,
        )
        if tx.rows(_RECORD, *identity, *rest):
            answers.append(call.response)
            sums.add(workflow, call)
        else:
            answers.append(tx.value(RECORDED, *identity))
    sums.write(tx)
    return answers


def calls_of(tx: Transaction, run_id: str, seq: int | None, after: int, limit: int | None) -> list[Call]:
    wanted = (run_id, after, seq, seq, -1 if limit is None else limit)
    rows = tx.rows(f"{CALL} where c.id in ({_WANTED})", *wanted)
    rows.sort(key=lambda row: row[0])  # SQLite would copy all requests and responses to sort them
    return [call_of(row, run_id) for row in rows]


def _keys(calls: Sequence[CallRecord]) -> str:
    return json.dumps(list({call.key for call in calls}))


def _require_storable(call: CallRecord) -> None:
    """What would be refused is refused, whoever owns the run."""
    for text in (
        call.step,
        call.branch,
        call.name,
        call.digest,
        call.model,
        call.request or "",
        call.response,
    ):
        require_storable(text, "the call")


_WANTED = (
    "select id from calls where run = (select id from runs where run_id = ?) and id > ? and (? is null or seq = ?)"
    " order by id limit ?"
)
_OWNED = (
    "select r.id, r.token, r.workflow from json_each(?) j join runs r on r.id = j.value where r.status = ?"
)

_RECORD = """
insert into calls
  (run, seq, branch, name, position, round, digest, attempt, recorded_at, kind, input_tokens, output_tokens, cost,
   latency, step, model, request, response)
values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
on conflict (run, seq, branch, name, position, round, digest) do nothing
returning id
"""

RECORDED = """
select response from calls
where run = ? and seq = ? and branch = ? and name = ? and position = ? and round = ? and digest = ?
"""
