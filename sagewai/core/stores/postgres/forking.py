"""Forks: a new run that starts from a copy of what another has recorded."""

from __future__ import annotations

from collections.abc import Sequence

from sagewai.core.codec import require_storable
from sagewai.core.labels import labels_text
from sagewai.core.stores.postgres import rows
from sagewai.core.stores.postgres.checks import check_actor, is_storable
from sagewai.core.stores.postgres.claiming import run_not_found
from sagewai.core.stores.postgres.database import Database, Row
from sagewai.core.stores.postgres.failures import was_overtaken
from sagewai.core.stores.postgres.names import Names
from sagewai.core.stores.postgres.operating import get_run
from sagewai.core.stores.postgres.statements import FIND_FORK, FORK_RUN, FORK_SOURCE
from sagewai.errors import InvalidOptionError, RunExists, StoreRefused, StoreUnavailable, UnknownWorkflow
from sagewai.models.run import ForkSpec, Run


async def fork_run(database: Database, names: Names, spec: ForkSpec) -> Run:
    """As the contract says. A run_id that somebody else takes at this moment is looked at instead."""
    check_actor(spec.actor, spec.reason)
    for text, what in ((spec.run_id, "run_id"), (spec.from_step, "from_step"), (spec.input, "input")):
        require_storable(text or "", what)
    source = await database.fetchrow(FORK_SOURCE, spec.source) if is_storable(spec.source) else None
    if source is None:
        raise run_not_found(spec.source)
    digest = source["digest"] if spec.input_digest is None else spec.input_digest
    if not await _exists(database, spec, source["id"], digest):
        try:
            await _insert(database, names, spec, source, digest)
        except (StoreRefused, StoreUnavailable) as error:
            overtaken = was_overtaken(error, "runs_run_id")
            if not overtaken or not await _exists(database, spec, source["id"], digest):
                raise
    return await get_run(database, spec.run_id)


async def _exists(database: Database, spec: ForkSpec, source: int, digest: str) -> bool:
    """Whether this very fork is there already. Raises RunExists for any other run of its name."""
    found = await database.fetchrow(FIND_FORK, spec.run_id)
    if found is None:
        return False
    if (found["source"], found["step"], found["digest"]) != (source, spec.from_step, digest):
        raise RunExists(
            f"run {spec.run_id!r} exists, and isn't this fork of {spec.source!r}: choose another run_id",
            run_id=spec.run_id,
        )
    return True


async def _insert(database: Database, names: Names, spec: ForkSpec, source: Row, digest: str) -> None:
    kept = _kept(spec, source)
    route = (
        source["pool"],
        source["workflow"],
        source["version"],
        labels_text(rows.labels(source["labels"])),
    )
    await database.fetch(
        FORK_RUN,
        source["id"],
        spec.run_id,
        (await names.routes([route]))[route],
        source["version"],
        kept,
        spec.from_step,
        spec.input,
        digest,
        spec.actor.name,
        spec.actor.source,
        spec.actor.assurance,
        spec.reason,
    )


def _kept(spec: ForkSpec, source: Row) -> int:
    """How many recorded steps the fork begins with."""
    steps: Sequence[str] | None = source["steps"]
    done: int = source["seq"]
    if steps is None:
        raise UnknownWorkflow(
            f"no code of workflow {source['workflow']!r} has been seen, so run {spec.source!r} can't be forked: "
            "start a worker that has it"
        )
    if spec.from_step is None:
        if done >= len(steps):
            raise InvalidOptionError(
                f"run {spec.source!r} has a result of every step, so a fork would have nothing to run: name the step "
                f"to fork from with from_step, one of {', '.join(steps)}"
            )
        return done
    if spec.from_step not in steps:
        raise InvalidOptionError(f"run {spec.source!r} has no step {spec.from_step!r}: {', '.join(steps)}")
    at = steps.index(spec.from_step)
    if at > done:
        raise InvalidOptionError(
            f"run {spec.source!r} can't be forked from {spec.from_step!r}: {steps[done]!r} before it has no result"
        )
    return at
