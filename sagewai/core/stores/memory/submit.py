"""How runs come in: all or none, each run_id once."""

from __future__ import annotations

from collections.abc import Sequence

from sagewai.core.codec import require_storable
from sagewai.core.labels import check_tags, encode_labels
from sagewai.core.stores.memory.checks import check_actor, checked
from sagewai.core.stores.memory.claim import take
from sagewai.core.stores.memory.rows import RunRow, SessionRow
from sagewai.core.stores.memory.state import State
from sagewai.errors import RunInputMismatch
from sagewai.models.actor import SYSTEM
from sagewai.models.history import EventKind
from sagewai.models.run import Inserted, RunSpec
from sagewai.models.status import RunStatus, WaitReason


def insert_runs(state: State, specs: Sequence[RunSpec], session: int | None) -> list[Inserted]:
    """Checks everything first, so that nothing is half done when something is refused."""
    first: dict[str, RunSpec | RunRow] = {}
    for spec in specs:
        _check(spec)
        known = first.setdefault(spec.run_id, state.by_id.get(spec.run_id, spec))
        if (known.workflow, known.input_digest) != (spec.workflow, spec.input_digest):
            raise RunInputMismatch(
                f"run {spec.run_id!r} exists with another workflow or input: choose another run_id",
                run_id=spec.run_id,
            )
    holder = state.sessions.get(session) if session is not None else None
    return [_insert(state, spec, holder) for spec in specs]


def _check(spec: RunSpec) -> None:
    require_storable(spec.run_id, "run_id")
    require_storable(spec.workflow, "workflow")
    require_storable(spec.version, "version")
    require_storable(spec.pool, "pool")
    require_storable(spec.input, "input")
    if spec.actor is not None:
        check_actor(spec.actor)
    if spec.definition is not None:
        checked(spec.definition)
    encode_labels(spec.labels)
    check_tags(spec.tags)


def _insert(state: State, spec: RunSpec, holder: SessionRow | None) -> Inserted:
    if spec.run_id in state.by_id:
        return Inserted(spec.run_id, created=False)
    actor = spec.actor or SYSTEM
    definition = checked(spec.definition) if spec.definition else None
    known = definition or state.definitions.get(spec.workflow)
    version = definition.version if definition else spec.version or (known.version if known else "")
    labels = encode_labels(spec.labels)
    run = RunRow(
        key=state.next_key(),
        run_id=spec.run_id,
        workflow=spec.workflow,
        definition=None,
        version=version,
        pool=spec.pool,
        labels=labels,
        route=state.route(spec.pool, spec.workflow, version, labels),
        priority=spec.priority,
        tags=check_tags(spec.tags),
        input=spec.input,
        input_digest=spec.input_digest,
        submitted_by=actor.name,
        created=state.now,
        changed=state.now,
        deadline=None if spec.deadline is None else state.now + spec.deadline,
        budget=spec.budget,
    )
    run.adopt(known)
    if spec.delay:
        run.status, run.wait, run.due = RunStatus.WAITING, WaitReason.TIMER, state.now + spec.delay
    state.add(run)
    detail = {"pool": spec.pool, "priority": spec.priority, "delay": spec.delay}
    state.tell(run, EventKind.SUBMITTED, actor, detail=detail)
    lease = None
    if holder is not None and holder.may_claim(state.now) and not spec.delay:
        lease = take(state, run, holder)
    else:
        state.note_came(run)
    return Inserted(spec.run_id, created=True, lease=lease)
