"""How runs come in: all or none, each run_id once, held at once by the session that asks for it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType

from sagewai.core.codec import require_storable
from sagewai.core.labels import check_tags, decode_labels, encode_labels, labels_text
from sagewai.core.stores import words
from sagewai.core.stores.sqlite import names
from sagewai.core.stores.sqlite.events import Events
from sagewai.core.stores.sqlite.transaction import Transaction, Value
from sagewai.errors import RunInputMismatch
from sagewai.models.actor import SYSTEM
from sagewai.models.history import EventKind
from sagewai.models.run import Inserted, LeasedRun, RunSpec
from sagewai.models.status import WaitReason

_NO_LABELS = labels_text(None)


@dataclass(frozen=True, slots=True)
class _Shape:
    """What runs of equal route and definition share."""

    pool: int
    workflow: int
    route: int
    definition: int | None
    first_step: str | None


def insert_runs(tx: Transaction, specs: Sequence[RunSpec], session: int | None) -> list[Inserted]:
    for spec in specs:
        require_storable(spec.run_id, "run_id")
        require_storable(spec.version, "version")
    existing = _existing(tx, specs)
    new: dict[str, RunSpec] = {}
    for spec in specs:
        known = new.get(spec.run_id)
        known_as = existing.get(spec.run_id) or (known and (known.workflow, known.input_digest))
        if known_as is None:
            new[spec.run_id] = spec
        elif known_as != (spec.workflow, spec.input_digest):
            raise RunInputMismatch(
                f"run {spec.run_id!r} exists with another workflow or input: choose another run_id",
                run_id=spec.run_id,
            )
    leases = _Intake(tx, session).insert(list(new.values()))
    inserted = []
    for spec in specs:
        created = new.pop(spec.run_id, None) is not None
        inserted.append(
            Inserted(spec.run_id, created=created, lease=leases.get(spec.run_id) if created else None)
        )
    return inserted


def _existing(tx: Transaction, specs: Sequence[RunSpec]) -> dict[str, tuple[str, str]]:
    rows = tx.rows(
        "select r.run_id, w.name, i.digest from json_each(?) j join runs r on r.run_id = j.value "
        "join workflows w on w.id = r.workflow join run_inputs i on i.run = r.id",
        json.dumps([spec.run_id for spec in specs]),
    )
    return {run_id: (workflow, digest) for run_id, workflow, digest in rows}


class _Intake:
    """Runs that are new, on their way into the tables."""

    def __init__(self, tx: Transaction, session: int | None) -> None:
        self._tx = tx
        self._events = Events(tx)
        self._shapes: dict[tuple[object, ...], _Shape] = {}
        self._tags: dict[tuple[str, str], int] = {}
        holder = tx.row(
            "select id, name from sessions where id = ? and status = 1 and lease_until > ?", session, tx.now
        )
        self._session, self._worker = holder or (None, "")

    def insert(self, specs: Sequence[RunSpec]) -> dict[str, LeasedRun]:
        """The leases of those that are held at once, by run_id."""
        tx = self._tx
        runs: list[tuple[Value, ...]] = []
        inputs: list[tuple[Value, ...]] = []
        tags: list[tuple[Value, ...]] = []
        deadlines: list[tuple[Value, ...]] = []
        budgets: list[tuple[Value, ...]] = []
        leases: dict[str, LeasedRun] = {}
        first_key = 1 + (tx.value("select seq from sqlite_sequence where name = 'runs'") or 0)
        for key, spec in enumerate(specs, first_key):
            held = self._session is not None and not spec.delay
            actor, its_tags = spec.actor or SYSTEM, check_tags(spec.tags)
            text = json.dumps(its_tags, ensure_ascii=False) if its_tags else None
            runs.append(self._run_row(key, spec, held))
            inputs.append((key, actor.name, text, spec.input_digest, spec.input))
            tags += ((self._tag(name, value), key) for name, value in its_tags.items())
            if spec.deadline is not None:
                deadlines.append((key, tx.now + round(spec.deadline * 1e6)))
            if spec.budget is not None:
                budgets.append((key, spec.budget.usd, spec.budget.tokens, spec.budget.on_exceed))
            detail = {"pool": spec.pool, "priority": spec.priority, "delay": spec.delay}
            self._events.note(key, EventKind.SUBMITTED, detail, actor=actor)
            if held:
                self._events.note(key, EventKind.CLAIMED, {"token": 1, "worker": self._worker})
                leases[spec.run_id] = _lease(key, spec)
        tx.insert_many(_RUN, runs)
        tx.insert_many("run_inputs (run, submitted_by, tags, digest, input)", inputs)
        tx.insert_many("run_tags (tag, run)", tags)
        tx.insert_many("deadlines (run, at)", deadlines)
        tx.insert_many("budgets (run, usd, tokens, on_exceed)", budgets)
        self._events.write()
        return leases

    def _run_row(self, key: int, spec: RunSpec, held: bool) -> tuple[Value, ...]:
        now = self._tx.now
        shape = self._shape(spec)
        due = now + round(spec.delay * 1e6) if spec.delay else None
        status = words.WAITING if due else words.RUNNING if held else words.PENDING
        return (
            key,
            spec.run_id,
            status,
            words.WAIT_CODE[WaitReason.TIMER] if due else None,
            shape.route,
            shape.pool,
            shape.workflow,
            shape.definition,
            spec.priority,
            int(held),
            int(held),
            self._session if held else None,
            now,
            now,
            due,
            now if held else None,
            shape.first_step,
        )

    def _shape(self, spec: RunSpec) -> _Shape:
        labels = labels_text(spec.labels) if spec.labels else _NO_LABELS
        name = (spec.workflow, spec.pool, labels, spec.version, id(spec.definition))
        if name not in self._shapes:
            self._shapes[name] = self._make_shape(spec, labels)
        return self._shapes[name]

    def _make_shape(self, spec: RunSpec, labels: str) -> _Shape:
        tx = self._tx
        workflow, pool = names.workflow_id(tx, spec.workflow), names.pool_id(tx, spec.pool)
        definition = spec.definition
        if definition is None:
            definition = names.newest_definition(tx, spec.workflow)
            if definition is not None and spec.version:
                definition = replace(definition, version=spec.version)
        version = spec.version if definition is None else definition.version
        return _Shape(
            pool=pool,
            workflow=workflow,
            route=names.route_id(tx, pool, workflow, version, labels),
            definition=None if definition is None else names.definition_id(tx, workflow, definition),
            first_step=definition.steps[0].name if definition is not None and definition.steps else None,
        )

    def _tag(self, key: str, value: str) -> int:
        known = self._tags.get((key, value))
        if known is None:
            known = self._tags[key, value] = names.tag_id(self._tx, key, value)
        return known


def _lease(key: int, spec: RunSpec) -> LeasedRun:
    return LeasedRun(
        key=key,
        run_id=spec.run_id,
        workflow=spec.workflow,
        token=1,
        rev=1,
        seq=0,
        attempt=1,
        wakeups=0,
        takeovers=0,
        input=spec.input,
        results=MappingProxyType({}),
        pool=spec.pool,
        labels=MappingProxyType(decode_labels(encode_labels(spec.labels)) if spec.labels else {}),
        tags=MappingProxyType(dict(spec.tags)),
    )


_RUN = """
runs
  (id, run_id, status, wait, route, pool, workflow, definition, priority, token, rev, session, created_at, changed_at,
   due_at, step_started, step)
"""
