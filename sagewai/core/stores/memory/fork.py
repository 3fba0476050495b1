"""Forks: a new run that starts from a copy of what another has recorded."""

from __future__ import annotations

from dataclasses import replace

from sagewai.core.codec import require_storable
from sagewai.core.stores.memory.checks import check_actor
from sagewai.core.stores.memory.rows import RunRow
from sagewai.core.stores.memory.state import State
from sagewai.errors import InvalidOptionError, RunExists, UnknownWorkflow
from sagewai.models.history import EventKind
from sagewai.models.run import ForkSpec
from sagewai.models.status import Outcome


def fork_run(state: State, spec: ForkSpec) -> RunRow:
    check_actor(spec.actor, spec.reason)
    for text, what in ((spec.run_id, "run_id"), (spec.from_step, "from_step"), (spec.input, "input")):
        require_storable(text or "", what)
    source = state.run(spec.source)
    known = state.by_id.get(spec.run_id)
    if known is not None:
        if known.forked == (spec.source, spec.from_step) and known.input_digest == _digest(source, spec):
            return known
        raise RunExists(
            f"run {spec.run_id!r} exists, and isn't this fork of {spec.source!r}: choose another run_id",
            run_id=spec.run_id,
        )
    run = _copy(state, source, spec, _kept(source, spec.from_step))
    state.add(run)
    state.note_came(run)
    detail = {"pool": run.pool, "priority": run.priority, "delay": None}
    state.tell(run, EventKind.SUBMITTED, spec.actor, detail=detail)
    whence = {"source": source.run_id, "step": spec.from_step}
    state.tell(run, EventKind.FORKED, spec.actor, spec.reason, whence)
    whither = {"fork": run.run_id, "step": spec.from_step}
    state.tell(source, EventKind.FORKED, spec.actor, spec.reason, whither)
    return run


def _digest(source: RunRow, spec: ForkSpec) -> str:
    return source.input_digest if spec.input_digest is None else spec.input_digest


def _kept(source: RunRow, from_step: str | None) -> int:
    """How many of the recorded steps the fork starts with."""
    if source.definition is None:
        raise UnknownWorkflow(
            f"no code of workflow {source.workflow!r} has been seen: run {source.run_id!r} can't be forked before that",
            run_id=source.run_id,
        )
    steps = [step.name for step in source.definition.steps]
    if from_step is None:
        if source.seq >= len(steps):
            raise InvalidOptionError(
                f"run {source.run_id!r} has a result of every step, so a fork would have nothing to run: name the step "
                f"to fork from with from_step, one of {', '.join(steps)}"
            )
        return source.seq
    if from_step not in steps:
        raise InvalidOptionError(f"run {source.run_id!r} has no step {from_step!r}: {', '.join(steps)}")
    at = steps.index(from_step)
    if at > source.seq:
        raise InvalidOptionError(
            f"run {source.run_id!r} can't be forked from {from_step!r}: {steps[source.seq]!r} before it has no result"
        )
    return at


def _copy(state: State, source: RunRow, spec: ForkSpec, kept: int) -> RunRow:
    run = RunRow(
        key=state.next_key(),
        run_id=spec.run_id,
        workflow=source.workflow,
        definition=None,
        version=source.version,
        pool=source.pool,
        labels=source.labels,
        route=state.route(source.pool, source.workflow, source.version, source.labels),
        priority=source.priority,
        tags=source.tags,
        input=source.input if spec.input is None else spec.input,
        input_digest=_digest(source, spec),
        submitted_by=spec.actor.name,
        created=state.now,
        changed=state.now,
        forked=(source.run_id, spec.from_step),
        budget=source.budget,
        seq=kept,
        results=dict(list(source.results.items())[:kept]),
        attempts=[
            replace(attempt, run_id=spec.run_id, token=0)
            for attempt in source.attempts
            if attempt.outcome is Outcome.COMPLETED and attempt.seq < kept
        ],
    )
    run.adopt(source.definition)
    return run
