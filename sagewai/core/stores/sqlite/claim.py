"""How sessions get runs: the ready ones of their routes, one by name, or one that is shown to them first."""

from __future__ import annotations

import heapq
import json
from collections.abc import Sequence
from types import MappingProxyType

from sagewai.core.stores import words
from sagewai.core.stores.base import SUSPECT_AFTER, Claimed
from sagewai.core.stores.sqlite import names
from sagewai.core.stores.sqlite.changes import head_of
from sagewai.core.stores.sqlite.events import Events
from sagewai.core.stores.sqlite.transaction import Row, Transaction, Value
from sagewai.models.actor import Actor
from sagewai.models.history import EventKind
from sagewai.models.run import LeasedRun

_MAY_CLAIM = "select id, name from sessions where id = ? and status = 1 and lease_until > ?"

READY = f"""
select -priority, id, (takeovers >= {SUSPECT_AFTER}) from runs indexed by runs_ready
where status = 1 and route = ? and (takeovers >= {SUSPECT_AFTER}) = ?
  and (assigned is null or assigned = ? or assigned_until <= ?)
order by priority desc, id limit ?
"""

READY_ROUTES = (
    "select route from counters where status = 1 and n > 0 "
    "and route not in (select r.id from paused_pools p cross join routes r on r.pool = p.pool)"
)


def peek(tx: Transaction, routes: Sequence[int]) -> Claimed | None:
    """What a claim that finds nothing gives; None where it may find something."""
    return None if _ready_routes(tx, routes) else Claimed((), newest_route=names.newest_route(tx))


def claim(tx: Transaction, session: int, routes: Sequence[int], limit: int) -> Claimed:
    newest = names.newest_route(tx)
    holder = tx.row(_MAY_CLAIM, session, tx.now)
    if holder is None:
        return Claimed((), newest_route=newest)
    keys = _choose(tx, session, _ready_routes(tx, routes), limit)
    return Claimed(tuple(_take(tx, holder, keys)), newest_route=newest)


def claim_run(tx: Transaction, session: int, run_id: str) -> LeasedRun | None:
    run = head_of(tx, run_id)
    holder = tx.row(_MAY_CLAIM, session, tx.now)
    if holder is None or run.status != words.PENDING:
        return None
    return _take(tx, holder, [run.key])[0]


def assign(tx: Transaction, run_id: str, session: int, seconds: float, actor: Actor) -> bool:
    run = head_of(tx, run_id)
    worker = tx.value(
        "select name from sessions where id = ? and status <= 3 and lease_until > ?", session, tx.now
    )
    if worker is None or run.status not in (words.PENDING, words.PAUSED):
        return False
    until = tx.now + round(seconds * 1e6)
    tx.change("update runs set assigned = ?, assigned_until = ? where id = ?", session, until, run.key)
    events = Events(tx)
    events.note(run.key, EventKind.ASSIGNED, {"worker": worker, "seconds": seconds}, actor=actor)
    events.write()
    return True


def _ready_routes(tx: Transaction, routes: Sequence[int]) -> list[int]:
    wanted = set(routes)
    return [route for (route,) in tx.rows(READY_ROUTES) if route in wanted]


def _choose(tx: Transaction, session: int, routes: Sequence[int], limit: int) -> list[int]:
    """Highest priority first, then first submitted, over all routes; one suspect at most, none beside another."""
    held = tx.value("select 1 from runs where session = ? and takeovers >= ?", session, SUSPECT_AFTER)
    suspects_left = 0 if held else 1

    def ready(route: int, suspect: int, most: int) -> list[Row]:
        return tx.rows(READY, route, suspect, session, tx.now, most) if most else []

    ranges = [ready(route, 0, limit) for route in routes] + [
        ready(route, 1, suspects_left) for route in routes
    ]
    chosen: list[int] = []
    for _, key, suspect in heapq.merge(*ranges):
        if len(chosen) >= limit:
            break
        if suspect:
            if not suspects_left:
                continue
            suspects_left = 0
        chosen.append(key)
    return chosen


def _take(tx: Transaction, holder: Row, keys: Sequence[int]) -> list[LeasedRun]:
    session, worker = holder
    found = {row[0]: row for row in tx.rows(_DETAILS, session, json.dumps(list(keys)))}
    results = _results(tx, [key for key in keys if found[key][3]])
    taken: dict[tuple[Value, Value], list[int]] = {}
    leases: list[LeasedRun] = []
    events = Events(tx)
    for key in keys:
        (
            _,
            run_id,
            workflow,
            seq,
            token,
            rev,
            attempt,
            wakeups,
            takeovers,
            pool,
            labels,
            tags,
            payload,
            *code,
        ) = found[key]
        definition, step, brought, steps = code
        if definition is None:
            definition, step = brought, names.step_at(steps, seq) or step
        taken.setdefault((definition, step), []).append(key)
        events.note(key, EventKind.CLAIMED, {"token": token, "worker": worker})
        leases.append(
            LeasedRun(
                key=key,
                run_id=run_id,
                workflow=workflow,
                token=token,
                rev=rev,
                seq=seq,
                attempt=attempt,
                wakeups=wakeups,
                takeovers=takeovers,
                input=payload,
                results=MappingProxyType(results.get(key, {})),
                pool=pool,
                labels=MappingProxyType(names.read_labels(labels)),
                tags=MappingProxyType(names.read_tags(tags)),
            )
        )
    for (definition, step), together in taken.items():
        tx.change(CLAIM, session, tx.now, definition, step, json.dumps(together))
    events.write()
    return leases


def _results(tx: Transaction, keys: Sequence[int]) -> dict[int, dict[str, str]]:
    """What is recorded of each run, by step, in order."""
    results: dict[int, dict[str, str]] = {}
    for key in keys:
        results[key] = dict(tx.rows(RESULTS, key))
    return results


RESULTS = "select step, ifnull(result, 'null') from attempts where run = ? and outcome = 1 order by seq"

_DETAILS = """
select r.id, r.run_id, w.name, r.seq, r.token + 1, r.rev + 1, r.attempt, r.wakeups, r.takeovers,
       p.name, t.labels, i.tags, i.input, r.definition, r.step, d.id, d.steps
from json_each(?2) j
join runs r on r.id = j.value
join run_inputs i on i.run = r.id
join routes t on t.id = r.route
join workflows w on w.id = r.workflow
join pools p on p.id = r.pool
left join session_definitions s on r.definition is null and s.workflow = r.workflow and s.session = ?1
left join definitions d on d.id = s.definition
"""

CLAIM = """
update runs set
  status = 2, token = token + 1, rev = rev + 1, session = ?1, step_started = ?2, changed_at = ?2, definition = ?3,
  step = ?4, wait = null, due_at = null, assigned = null, assigned_until = null
where id in (select value from json_each(?5)) and +status = 1
"""
