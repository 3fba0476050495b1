"""One run, one approval, the counters: reading what is named."""

from __future__ import annotations

import json
from collections.abc import Sequence
from itertools import pairwise
from types import MappingProxyType

from sagewai.core.stores import words
from sagewai.core.stores.base import EXPIRED_REASON
from sagewai.core.stores.sqlite.claim import RESULTS
from sagewai.core.stores.sqlite.names import read_steps
from sagewai.core.stores.sqlite.rows import (
    ATTEMPT,
    DEAD_LETTER,
    EVENT,
    RUN,
    attempt_of,
    dead_letter_of,
    event_of,
    maybe_time,
    read_error,
    read_time,
    run_of,
)
from sagewai.core.stores.sqlite.transaction import Row, Transaction
from sagewai.errors import DeadLetterNotFound, RunNotFound
from sagewai.models.actor import SYSTEM
from sagewai.models.history import Attempt, DeadLetter, Event
from sagewai.models.run import Run, RunHead, RunOutcome, StepInfo
from sagewai.models.session import Counts, Minute
from sagewai.models.status import RunStatus

MINUTE = 60_000_000
"""Microseconds."""

KEPT_MINUTES = 1_440
"""For so many minutes it is kept how many runs came into each status."""


def heads(tx: Transaction, keys: Sequence[int]) -> dict[int, RunHead]:
    rows = tx.rows(
        "select r.id, r.token, r.rev, r.status from json_each(?) j join runs r on r.id = j.value",
        json.dumps(list(keys)),
    )
    return {key: RunHead(token, rev, words.STATUS[status]) for key, token, rev, status in rows}


def get_run(tx: Transaction, run_id: str) -> Run:
    row = tx.row(f"{RUN} where r.run_id = ?", run_id)
    if row is None:
        raise _no_run(run_id)
    return run_of(row)


def get_outcome(tx: Transaction, run_id: str) -> RunOutcome:
    row = tx.row(
        "select r.id, r.status, r.wait, r.step, r.due_at, r.session, e.actor, e.reason, e.error "
        "from runs r left join endings e on e.run = r.id where r.run_id = ?",
        run_id,
    )
    if row is None:
        raise _no_run(run_id)
    key, code, wait, step, due, session, actor, why, error = row
    status = words.STATUS[code]
    output = tx.value(_LAST_RESULT, key) if status is RunStatus.COMPLETED else None
    by, reason = "", ""
    if status is RunStatus.CANCELLED:
        by, reason = actor, why
    elif status is RunStatus.REJECTED:
        by, reason = tx.row(_REJECTED_BY, key) or (SYSTEM.name, EXPIRED_REASON)
    return RunOutcome(
        status=status,
        wait=None if wait is None else words.WAIT[wait],
        step=step,
        output=output,
        error=None if error is None else read_error(error),
        by=by,
        reason=reason,
        due_at=maybe_time(due),
        session=session,
    )


def get_input(tx: Transaction, run_id: str) -> str:
    text: str = tx.value("select input from run_inputs where run = ?", _key(tx, run_id))
    return text


def get_results(tx: Transaction, run_id: str) -> dict[str, str]:
    return dict(tx.rows(RESULTS, _key(tx, run_id)))


def get_steps(tx: Transaction, run_id: str) -> tuple[StepInfo, ...]:
    return read_steps(
        tx.value(
            "select d.steps from runs r join definitions d on d.id = r.definition where r.id = ?",
            _key(tx, run_id),
        )
    )


def get_attempts(tx: Transaction, run_id: str) -> list[Attempt]:
    return [attempt_of(row) for row in tx.rows(ATTEMPT, run_id, _key(tx, run_id))]


def get_events(tx: Transaction, run_id: str | None, after: int, limit: int) -> list[Event]:
    if run_id is None:
        rows = tx.rows(f"{EVENT} where {OF_PEOPLE} and e.id > ? order by e.id desc limit ?", after, limit)
    else:
        rows = tx.rows(
            f"{EVENT} where e.run = ? and e.id > ? order by e.id limit ?", _key(tx, run_id), after, limit
        )
    return [event_of(row) for row in rows]


def get_dead_letter(tx: Transaction, run_id: str) -> DeadLetter:
    row = tx.row(f"{DEAD_LETTER} where l.run = (select id from runs where run_id = ?)", run_id)
    if row is None:
        raise DeadLetterNotFound(f"run {run_id!r} has no dead letter")
    return dead_letter_of(row)


def counts(tx: Transaction) -> Counts:
    by_pool: dict[str, dict[RunStatus, int]] = {}
    for pool, status, count in tx.rows(_COUNTS):
        by_pool.setdefault(pool, {})[words.STATUS[status]] = count
    return Counts(
        by_pool=MappingProxyType({pool: MappingProxyType(its) for pool, its in by_pool.items()}),
        dead_letters=tx.value("select ifnull(sum(n), 0) from error_groups"),
        pending_approvals=tx.value("select n from pending_approvals"),
    )


def rates(tx: Transaction, minutes: int) -> list[Minute]:
    """Of each minute that brought any, what came between its beginning and the next one's, or now."""
    stood = tx.rows(_MINUTES, tx.now // MINUTE - min(minutes, KEPT_MINUTES))
    (now,) = tx.rows(_ARRIVALS)
    return [
        Minute(read_time(before[0] * MINUTE), MappingProxyType(_came(before, then)))
        for before, then in pairwise([*stood, now])
    ]


def _came(before: Row, then: Row) -> dict[RunStatus, int]:
    """Of two rows, of which the first column is the minute, the others a status each."""
    return {
        status: now - was
        for status, was, now in zip(words.STATUS_CODE, before[1:], then[1:], strict=True)
        if now > was
    }


def _key(tx: Transaction, run_id: str) -> int:
    key: int | None = tx.value("select id from runs where run_id = ?", run_id)
    if key is None:
        raise _no_run(run_id)
    return key


def _no_run(run_id: str) -> RunNotFound:
    return RunNotFound(f"no run {run_id!r} in this store", run_id=run_id)


OF_PEOPLE = "e.source <> 'worker'"

_LAST_RESULT = (
    "select ifnull(result, 'null') from attempts where run = ? and outcome = 1 order by seq desc limit 1"
)

_REJECTED_BY = (
    "select reviewer, reason from approvals where run = ? and status = 3 order by decided_at desc, id limit 1"
)

_COUNTS = """
select p.name, c.status, sum(c.n)
from counters c join routes r on r.id = c.route join pools p on p.id = r.pool
group by p.name, c.status having sum(c.n) > 0
order by p.name, c.status
"""

_OF_EACH = ", ".join(f"max(n) filter (where status = {code})" for code in words.STATUS_CODE.values())
_MINUTES = f"select minute, {_OF_EACH} from minutes where minute > ? group by minute order by minute"
_ARRIVALS = f"select null, {_OF_EACH} from arrivals"
