"""The scenes of fault 1: for each failpoint a run that leads a worker, or a reviewer, to that very place."""

from __future__ import annotations

import random
import signal
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field

from sagewai import DurableWorkflow
from sagewai.core.commands import cancel, pause, reject, resume
from sagewai.core.failpoints import PLACES
from sagewai.core.stores.base import Store
from sagewai.models.status import RunStatus
from tests.contract.scene import BOB
from tests.engine.helpers import until_status
from tests.faults.crew import Crew, Hand
from tests.faults.decider import REVIEWER
from tests.faults.evidence import Acknowledged
from tests.faults.ledger import go_ahead


@dataclass(frozen=True, slots=True)
class Stage:
    """Where the scenes play."""

    store: Store
    crew: Crew
    flow: DurableWorkflow
    acknowledged: Acknowledged


@dataclass(frozen=True, slots=True)
class Scene:
    """What the run's steps do, what else happens until the place is reached, and how the run must end after all."""

    acts: Mapping[str, str] = field(default_factory=dict)
    lead: Callable[[Stage, str, Hand], Awaitable[None]] | None = None
    end: RunStatus = RunStatus.COMPLETED
    times: int = 1
    """How often the run gets to the place; the kill may come at any of them."""


async def _cancel(stage: Stage, run_id: str, victim: Hand) -> None:
    await stage.crew.seen(victim, "step-3", run=run_id)
    await cancel(stage.store, run_id, actor=BOB)


async def _terminate(stage: Stage, run_id: str, victim: Hand) -> None:
    await stage.crew.seen(victim, "step-3", run=run_id)
    victim.signal(signal.SIGTERM)


async def _reject(stage: Stage, run_id: str, victim: Hand) -> None:
    """So that the decision comes while the step runs again, and the step meets it."""
    await until_status(stage.store, run_id, RunStatus.WAITING, timeout=30)
    await pause(stage.store, run_id, actor=BOB)
    await resume(stage.store, run_id, actor=BOB)
    await stage.crew.seen(victim, "step-3", run=run_id, times=2)
    stage.acknowledged.decisions.append(await reject(stage.store, run_id, actor=REVIEWER, reason="no"))
    go_ahead(run_id).touch()


SCENES: dict[str, Scene] = {
    "claimed": Scene(),
    "step begins": Scene(times=5),
    "step ended": Scene(times=5),
    "before commit": Scene(times=5),
    "after commit": Scene(times=5),
    **{f"{when} STEP_DONE": Scene(times=4) for when in ("before", "after")},
    **{f"{when} COMPLETED": Scene() for when in ("before", "after")},
    **{f"{when} RETRY": Scene({"step-2": "fail once"}) for when in ("before", "after")},
    **{f"{when} RETRY_LATER": Scene({"step-3": "fail once"}) for when in ("before", "after")},
    **{f"{when} PARK": Scene({"step-3": "ask"}) for when in ("before", "after")},
    **{f"{when} FAILED": Scene({"step-3": "give up"}, end=RunStatus.FAILED) for when in ("before", "after")},
    **{
        f"{when} REJECTED": Scene({"step-3": "ask again when told"}, _reject, end=RunStatus.REJECTED)
        for when in ("before", "after")
    },
    **{
        f"{when} CANCELLED": Scene({"step-3": "dawdle"}, _cancel, end=RunStatus.CANCELLED)
        for when in ("before", "after")
    },
    **{f"{when} RELEASED": Scene({"step-3": "dawdle once"}, _terminate) for when in ("before", "after")},
}
"""Places that one worker reaches by itself; the others take a second process and have a test of their own."""

DECIDING = ("before decide", "after decide")
REFUSING = ("before REFUSED", "after REFUSED")
ADVANCING = ("bulk item",)

assert {*SCENES, *DECIDING, *REFUSING, *ADVANCING} == PLACES


def share(places: Mapping[str, Scene], rng: random.Random, *, part: int, parts: int) -> list[str]:
    """One of ``parts`` heaps into which chance deals the places; together they are all."""
    dealt = sorted(places)
    rng.shuffle(dealt)
    return dealt[part::parts]
