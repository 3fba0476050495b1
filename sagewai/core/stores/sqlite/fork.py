"""Forks: a new run that starts from a copy of what another has recorded."""

from __future__ import annotations

from sagewai.core.codec import require_storable
from sagewai.core.stores.sqlite import names
from sagewai.core.stores.sqlite.changes import Head, head_of
from sagewai.core.stores.sqlite.events import Events
from sagewai.core.stores.sqlite.rows import RUN, run_of
from sagewai.core.stores.sqlite.transaction import Transaction
from sagewai.errors import InvalidOptionError, RunExists, UnknownWorkflow
from sagewai.models.history import EventKind
from sagewai.models.run import ForkSpec, Run, StepInfo


def fork_run(tx: Transaction, spec: ForkSpec) -> Run:
    require_storable(spec.run_id, "run_id")
    source = head_of(tx, spec.source)
    (digest,) = tx.row("select digest from run_inputs where run = ?", source.key) or ("",)
    if spec.input_digest is not None:
        digest = spec.input_digest
    key = tx.value("select id from runs where run_id = ?", spec.run_id)
    if key is None:
        key = _make(tx, source, spec, digest)
    elif not _is_repeat(tx, key, source, spec, digest):
        raise RunExists(
            f"run {spec.run_id!r} exists, and isn't this fork of {spec.source!r}: choose another run_id",
            run_id=spec.run_id,
        )
    (row,) = tx.rows(f"{RUN} where r.id = ?", key)
    return run_of(row)


def _is_repeat(tx: Transaction, key: int, source: Head, spec: ForkSpec, digest: str) -> bool:
    made_from = tx.row(
        "select f.source, f.step, i.digest from forks f join run_inputs i on i.run = f.run where f.run = ?",
        key,
    )
    return made_from == (source.key, spec.from_step, digest)


def _make(tx: Transaction, source: Head, spec: ForkSpec, digest: str) -> int:
    """The new run's key."""
    ((workflow, steps, version, pool, pool_name, labels),) = tx.rows(_SHAPE, source.key)
    if steps is None:
        raise UnknownWorkflow(
            f"no code of workflow {workflow!r} has been seen, so the steps of run {spec.source!r} aren't known: let a "
            "worker that has it claim the run first",
            run_id=spec.source,
        )
    known = names.read_steps(steps)
    kept = _kept(source, spec, known)
    route = names.route_id(tx, pool, source.workflow, version, labels)
    key = tx.insert(_RUN, spec.run_id, route, kept, tx.now, tx.now, known[kept].name, source.key)
    tx.change(_INPUT, key, spec.actor.name, digest, spec.input, source.key)
    tx.change(
        "insert into run_tags (tag, run) select t.id, ?1 from run_inputs i, json_each(i.tags) j "
        "join tags t on t.key = j.key and t.value = j.value where i.run = ?2",
        key,
        source.key,
    )
    tx.change(_ATTEMPTS, key, source.key, kept)
    tx.change(
        "insert into budgets (run, usd, tokens, on_exceed) select ?, usd, tokens, on_exceed from budgets where run = ?",
        key,
        source.key,
    )
    tx.change("insert into forks (run, source, step) values (?, ?, ?)", key, source.key, spec.from_step)
    _tell(tx, key, source, spec, pool_name)
    return key


def _kept(source: Head, spec: ForkSpec, known: tuple[StepInfo, ...]) -> int:
    """How many of the source's recorded steps the fork starts with."""
    steps = [step.name for step in known]
    if spec.from_step is None:
        if source.seq >= len(steps):
            raise InvalidOptionError(
                f"run {spec.source!r} has a result of every step, so a fork would have nothing to run: name the step "
                f"to fork from with from_step, one of {', '.join(steps)}"
            )
        return source.seq
    if spec.from_step not in steps:
        raise InvalidOptionError(
            f"run {spec.source!r} has no step {spec.from_step!r} to fork from: its steps are {', '.join(steps)}"
        )
    at = steps.index(spec.from_step)
    if at > source.seq:
        raise InvalidOptionError(
            f"run {spec.source!r} can't be forked from {spec.from_step!r}: step {steps[source.seq]!r} before it has "
            "no result yet"
        )
    return at


def _tell(tx: Transaction, key: int, source: Head, spec: ForkSpec, pool: str) -> None:
    events, by, why = Events(tx), spec.actor, spec.reason
    detail = {"pool": pool, "priority": source.priority, "delay": None}
    events.note(key, EventKind.SUBMITTED, detail, actor=by)
    whence = {"source": spec.source, "step": spec.from_step}
    events.note(key, EventKind.FORKED, whence, actor=by, reason=why)
    whither = {"fork": spec.run_id, "step": spec.from_step}
    events.note(source.key, EventKind.FORKED, whither, actor=by, reason=why)
    events.write()


_SHAPE = """
select w.name, d.steps, coalesce(d.version, i.version, t.version), r.pool, p.name, t.labels
from runs r
join run_inputs i on i.run = r.id
join routes t on t.id = r.route
join workflows w on w.id = r.workflow
join pools p on p.id = r.pool
left join definitions d on d.id = r.definition
where r.id = ?
"""

_RUN = """
insert into runs
  (run_id, status, route, pool, workflow, definition, priority, token, rev, seq, created_at, changed_at, step)
select ?1, 1, ?2, pool, workflow, definition, priority, 0, 0, ?3, ?4, ?5, ?6 from runs where id = ?7
"""

_INPUT = """
insert into run_inputs (run, submitted_by, tags, digest, input)
select ?1, ?2, tags, ?3, ifnull(?4, input) from run_inputs where run = ?5
"""

_ATTEMPTS = """
insert into attempts (run, seq, attempt, token, outcome, session, started_at, finished_at, delay, step, error, result)
select ?1, seq, attempt, 0, outcome, session, started_at, finished_at, delay, step, error, result
from attempts where run = ?2 and outcome = 1 and seq < ?3 order by id
"""
