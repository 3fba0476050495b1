"""Names that many rows share, kept once: pools, workflows, tags, routes, definitions."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from functools import lru_cache

from sagewai.core.codec import require_storable
from sagewai.core.labels import contained, decode_labels, encode_labels
from sagewai.core.stores.base import Routes
from sagewai.core.stores.sqlite.transaction import Transaction
from sagewai.models.run import Definition, LabelValue, StepInfo


def workflow_id(tx: Transaction, name: str) -> int:
    found: int | None = tx.value("select id from workflows where name = ?", name)
    return tx.insert("insert into workflows (name) values (?)", name) if found is None else found


def pool_id(tx: Transaction, name: str) -> int:
    found: int | None = tx.value("select id from pools where name = ?", name)
    return tx.insert("insert into pools (name) values (?)", name) if found is None else found


def tag_id(tx: Transaction, key: str, value: str) -> int:
    found: int | None = tx.value("select id from tags where key = ? and value = ?", key, value)
    return tx.insert("insert into tags (key, value) values (?, ?)", key, value) if found is None else found


def route_id(tx: Transaction, pool: int, workflow: int, version: str, labels: str) -> int:
    found: int | None = tx.value(
        "select id from routes where pool = ? and workflow = ? and version = ? and labels = ?",
        pool,
        workflow,
        version,
        labels,
    )
    if found is not None:
        return found
    return tx.insert(
        "insert into routes (pool, workflow, version, labels) values (?, ?, ?, ?)",
        pool,
        workflow,
        version,
        labels,
    )


def reroute(tx: Transaction, run: int, version: str) -> None:
    """Let only those who ask for this version find the run, whose own version stays."""
    ((pool, workflow, labels, own),) = tx.rows(
        "select t.pool, t.workflow, t.labels, t.version from runs r join routes t on t.id = r.route where r.id = ?",
        run,
    )
    tx.change("update run_inputs set version = ifnull(version, ?) where run = ?", own, run)
    route = route_id(tx, pool, workflow, version, labels)
    tx.change("update runs set route = ? where id = ?", route, run)


def definition_id(tx: Transaction, workflow: int, definition: Definition) -> int:
    steps = steps_text(definition.steps)
    values = (workflow, definition.version, definition.fingerprint, steps)
    found: int | None = tx.value(
        "select id from definitions where workflow = ? and version = ? and fingerprint = ? and steps = ?",
        *values,
    )
    if found is not None:
        return found
    return tx.insert(
        "insert into definitions (workflow, version, fingerprint, steps) values (?, ?, ?, ?)", *values
    )


def newest_definition(tx: Transaction, workflow: str) -> Definition | None:
    """The one that the session opened last brought for the workflow."""
    row = tx.row(
        "select d.version, d.steps, d.fingerprint from workflows w join session_definitions s on s.workflow = w.id "
        "join definitions d on d.id = s.definition where w.name = ? order by s.session desc limit 1",
        workflow,
    )
    return None if row is None else Definition(workflow, row[0], read_steps(row[1]), row[2])


def resolve_routes(
    tx: Transaction, pool: str, labels: Mapping[str, LabelValue], workflows: Mapping[str, Sequence[str]]
) -> Routes:
    offered = encode_labels(labels)
    known = [[workflow, version] for workflow, versions in workflows.items() for version in versions]
    rows = tx.rows(
        "select r.id, r.labels from routes r join pools p on p.id = r.pool join workflows w on w.id = r.workflow "
        "where p.name = ? and (w.name, r.version) in (select value ->> 0, value ->> 1 from json_each(?)) order by r.id",
        pool,
        json.dumps(known),
    )
    ids = tuple(route for route, required in rows if contained(json.loads(required), offered))
    return Routes(ids=ids, newest=newest_route(tx))


def newest_route(tx: Transaction) -> int:
    return tx.value("select max(id) from routes") or 0


def steps_text(steps: Sequence[StepInfo]) -> str:
    for step in steps:
        require_storable(step.name, "a step's name")
    return json.dumps([[step.name, step.max_attempts, step.timeout] for step in steps], separators=(",", ":"))


@lru_cache(maxsize=512)
def read_steps(text: str | None) -> tuple[StepInfo, ...]:
    """What :func:`steps_text` was given; nothing for None."""
    if text is None:
        return ()
    return tuple(StepInfo(name, attempts, timeout) for name, attempts, timeout in json.loads(text))


def step_at(text: str | None, seq: int) -> str | None:
    """The name of the step with index ``seq``, None when all are recorded or none is known."""
    steps = read_steps(text)
    return steps[seq].name if seq < len(steps) else None


def read_labels(text: str) -> dict[str, LabelValue]:
    """What :func:`sagewai.core.labels.labels_text` was given; a new dict each time, it is the caller's."""
    return decode_labels(json.loads(text)) if text != "{}" else {}


def read_tags(text: str | None) -> dict[str, str]:
    tags: dict[str, str] = {} if text is None else json.loads(text)
    return tags
