"""One run, one approval, the counters: reading what is named."""

from __future__ import annotations

import json
from collections.abc import Sequence
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
    run_of,
)
from sagewai.core.stores.sqlite.transaction import Transaction
from sagewai.errors import DeadLetterNotFound, RunNotFound
from sagewai.models.actor import SYSTEM
from sagewai.models.history import Attempt, DeadLetter, Event
from sagewai.models.run import Run, RunHead, RunOutcome, StepInfo
from sagewai.models.session import Counts, PoolOverview
from sagewai.models.status import RunStatus

STALE_FOR = 3600 * 1_000_000
"""Microseconds for which a worker that lost its lease counts as stale."""


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


def list_pools(tx: Transaction) -> list[PoolOverview]:
    by_pool = counts(tx).by_pool
    workers = {pool: rest for pool, *rest in tx.rows(_WORKERS, tx.now, tx.now - STALE_FOR)}
    live = {pool for pool, (alive, _, _) in workers.items() if alive}
    unfinished = {pool for pool, its in by_pool.items() if not its.keys() <= _TERMINAL}
    pools = []
    for pool in sorted(unfinished | live):
        its = by_pool.get(pool, {})
        alive, stale, capacity = workers.get(pool, (0, 0, 0))
        pools.append(
            PoolOverview(
                pool=pool,
                pending=its.get(RunStatus.PENDING, 0),
                running=its.get(RunStatus.RUNNING, 0),
                waiting=its.get(RunStatus.WAITING, 0),
                live_workers=alive,
                stale_workers=stale,
                capacity=capacity,
                oldest_pending_at=maybe_time(tx.value(_OLDEST, pool)),
            )
        )
    return pools


def _key(tx: Transaction, run_id: str) -> int:
    key: int | None = tx.value("select id from runs where run_id = ?", run_id)
    if key is None:
        raise _no_run(run_id)
    return key


def _no_run(run_id: str) -> RunNotFound:
    return RunNotFound(f"no run {run_id!r} in this store", run_id=run_id)


_TERMINAL = {RunStatus.COMPLETED, RunStatus.FAILED, RunStatus.REJECTED, RunStatus.CANCELLED}

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

_WORKERS = """
select pool, sum(live), sum(stale), sum(case when live and status = 1 then max_concurrent else 0 end)
from (
  select pool, status, max_concurrent, lease_until > ?1 as live, lease_until <= ?1 as stale
  from sessions where status <= 3 and kind = 'worker' and lease_until > ?2
  union all
  select pool, status, max_concurrent, 0, 1
  from sessions where ended_at > ?2 and status = 5 and kind = 'worker' and lease_until > ?2
) group by pool
"""

_OLDEST = "select min(changed_at) from runs where status = 1 and pool = (select id from pools where name = ?)"
