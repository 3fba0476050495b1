"""Each invariant is seen to fail: a true story of a run, doctored so that one thing is wrong, is found to be broken."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from sagewai.core.commands import approve, cancel
from sagewai.core.stores.memory import InMemoryStore
from sagewai.models.actor import Actor
from sagewai.models.history import EventKind
from sagewai.models.status import ApprovalStatus, Outcome, RunStatus, WaitReason
from tests.contract.scene import ALICE, BOB, Scene, spec
from tests.engine.helpers import until_status, working
from tests.faults.evidence import Acknowledged, Evidence, gather
from tests.faults.invariants import broken
from tests.faults.ledger import PATH, Ledger
from tests.faults.waiting import all_over, stuck
from tests.faults.workload import ledger_workflow

RUN, FAILED = "asked", "failed"


@pytest.fixture(scope="module")
def evidence(tmp_path_factory: pytest.TempPathFactory) -> Evidence:
    """A run that was approved, one that failed, one that was cancelled: all as it should be."""

    async def live(path: Path) -> Evidence:
        store, ledger, told = InMemoryStore(), Ledger(path), Acknowledged()
        flow = ledger_workflow(store)
        await flow.submit(run_id=RUN, pace=0.0, acts={"step-2": "fail once", "step-3": "ask"})
        await flow.submit(run_id=FAILED, pace=0.0, acts={"step-1": "give up"})
        await flow.submit(run_id="cancelled", pool="nobody's")
        await cancel(store, "cancelled", actor=BOB)
        async with working(store, flow, name="here"):
            await until_status(store, RUN, RunStatus.WAITING)
            told.decisions.append(await approve(store, RUN, actor=ALICE))
            assert not await all_over(store, [RUN, FAILED, "cancelled"], within=10)
        told.runs += [RUN, FAILED, "cancelled"]
        told.outputs[RUN] = "5"
        return await gather(store, ledger, told)

    with pytest.MonkeyPatch.context() as patch:
        path = tmp_path_factory.mktemp("ledger") / "ledger.txt"
        patch.setenv(PATH, str(path))
        return asyncio.run(live(path))


def test_a_true_story_breaks_nothing(evidence: Evidence) -> None:
    assert broken(evidence) == []
    assert [line.step for line in evidence.lines[RUN]] == [
        *("step-1", "step-2", "step-2", "step-3", "step-3", "step-3:opened", "step-4", "step-5")
    ]


# -- doctoring ----------------------------------------------------------------------------------------------------


def story_with(evidence: Evidence, run: str, /, **parts: Any) -> Evidence:
    return replace(evidence, stories={**evidence.stories, run: replace(evidence.stories[run], **parts)})


def run_with(evidence: Evidence, run: str, /, **fields: Any) -> Evidence:
    return story_with(evidence, run, run=replace(evidence.stories[run].run, **fields))


def line_with(evidence: Evidence, **fields: Any) -> Evidence:
    """One line more: the first body of the asked run again, but with these fields."""
    first = evidence.lines[RUN][0]
    return replace(evidence, lines={**evidence.lines, RUN: [*evidence.lines[RUN], first._replace(**fields)]})


def event_again(evidence: Evidence, kind: EventKind, run: str = RUN, **detail: Any) -> Evidence:
    """The last event of a kind once more, behind all others."""
    events = evidence.stories[run].events
    last = [event for event in events if event.kind is kind][-1]
    return story_with(evidence, run, events=[*events, replace(last, detail={**last.detail, **detail})])


def attempt_with(evidence: Evidence, at: int, **fields: Any) -> Evidence:
    attempts = list(evidence.stories[RUN].attempts)
    attempts[at] = replace(attempts[at], **fields)
    return story_with(evidence, RUN, attempts=attempts)


def approval_with(evidence: Evidence, **fields: Any) -> Evidence:
    (approval,) = evidence.stories[RUN].approvals
    return story_with(evidence, RUN, approvals=[replace(approval, **fields)])


def decision_with(evidence: Evidence, **fields: Any) -> Evidence:
    (approval,) = evidence.stories[RUN].approvals
    return approval_with(evidence, decisions=(replace(approval.decisions[0], **fields),))


def without(evidence: Evidence, kind: EventKind, run: str = RUN) -> Evidence:
    events = [event for event in evidence.stories[run].events if event.kind is not kind]
    return story_with(evidence, run, events=events)


def told_of(evidence: Evidence, **parts: Any) -> Evidence:
    return replace(evidence, acknowledged=replace(evidence.acknowledged, **parts))


def another_token(evidence: Evidence) -> int:
    return evidence.stories[RUN].run.token + 1


DOCTORED: Mapping[str, Sequence[Callable[[Evidence], Evidence]]] = {
    "I1": [
        lambda true: told_of(true, runs=["never-heard-of"]),
        lambda true: told_of(true, outputs={RUN: "6"}),
        lambda true: approval_with(true, decisions=()),
        lambda true: decision_with(true, reviewer=Actor("mallory", source="api", assurance="api")),
    ],
    "I2": [
        lambda true: line_with(true, token=another_token(true)),
        lambda true: line_with(true, attempt=2),
        lambda true: line_with(true, at=1.0),
        lambda true: attempt_with(true, 2, step="step-1"),
    ],
    "I3": [
        lambda true: event_again(true, EventKind.COMPLETED),
        lambda true: without(true, EventKind.COMPLETED),
        lambda true: run_with(true, RUN, status=RunStatus.FAILED),
        lambda true: run_with(true, RUN, status=RunStatus.REJECTED),
        lambda true: attempt_with(true, 2, outcome=Outcome.FAILED),
    ],
    "I4": [
        lambda true: attempt_with(true, 0, token=99),
        lambda true: event_again(true, EventKind.CLAIMED),
        lambda true: attempt_with(true, 0, worker="somebody-else"),
        lambda true: replace(true, lines={**true.lines, RUN: true.lines[RUN][1:]}),
    ],
    "I5": [
        lambda true: approval_with(true, status=ApprovalStatus.SUPERSEDED),
        lambda true: approval_with(true, prompt="Send everything?"),
        lambda true: decision_with(true, digest_seen="0" * 64),
        lambda true: event_again(true, EventKind.APPROVED),
        lambda true: without(true, EventKind.APPROVED),
        lambda true: story_with(true, RUN, approvals=[]),
    ],
    "I6": [
        lambda true: attempt_with(true, 0, attempt=4),
        lambda true: event_again(true, EventKind.CLAIMED, token=99),
        lambda true: run_with(true, RUN, takeovers=5, status=RunStatus.PENDING),
        lambda true: replace(true, dead_letters={}),
        lambda true: replace(true, dead_letters={**true.dead_letters, RUN: true.dead_letters[FAILED]}),
    ],
    "I8": [
        lambda true: replace(true, chain=replace(true.chain, broken="entry 1 isn't what was written")),
        lambda true: replace(true, audit=true.audit[1:]),
        lambda true: replace(true, audit=[*true.audit, true.audit[0]]),
        lambda true: without(true, EventKind.APPROVED),
    ],
    "counters": [
        lambda true: replace(true, counts=replace(true.counts, by_pool={})),
        lambda true: replace(true, counts=replace(true.counts, dead_letters=0)),
    ],
}


@pytest.mark.parametrize(
    ("invariant", "at"), [(name, at) for name, ways in DOCTORED.items() for at in range(len(ways))]
)
def test_a_doctored_story_is_found_out(evidence: Evidence, invariant: str, at: int) -> None:
    problems = broken(DOCTORED[invariant][at](evidence))
    assert any(problem.startswith(f"{invariant}: ") for problem in problems), problems


def test_a_takeover_beyond_the_limit_is_found_out(evidence: Evidence) -> None:
    events = evidence.stories[RUN].events
    sixth = replace(events[-1], kind=EventKind.TAKEN_OVER, detail={"token": 9, "worker": "w", "takeovers": 6})
    problems = broken(story_with(evidence, RUN, events=[*events, sixth]))
    assert problems == [f"I6: run {RUN} was taken over 6 times in a row"]


# -- I7 -----------------------------------------------------------------------------------------------------------


async def test_runs_that_rest_or_that_nobody_could_take_are_not_stuck() -> None:
    scene = Scene(InMemoryStore())
    await scene.session("w1", max_concurrent=2)
    for status in (RunStatus.RUNNING, RunStatus.WAITING, RunStatus.PAUSED, RunStatus.COMPLETED):
        await scene.run_in(status, f"{status}-run")
    await scene.submit("elsewhere", pool="nobody's")
    await scene.submit("unknown", workflow="bills")
    await scene.submit("labelled", labels={"gpu": True})
    assert await stuck(scene.store) == []


async def test_a_pending_run_beside_a_worker_with_room_is_stuck() -> None:
    scene = Scene(InMemoryStore())
    await scene.session("w1")
    await scene.submit("r1")
    assert await stuck(scene.store) == ["run r1 (fetch) is pending beside a live worker"]


async def test_a_run_held_by_the_dead_is_stuck() -> None:
    scene = Scene(InMemoryStore())
    owner = await scene.own("r1")
    run = await scene.store.get_run(owner.run_id)
    assert run.session is not None
    await scene.store.lapse_sessions([run.session])
    assert await stuck(scene.store) == ["run r1 (fetch) is held by w1, which doesn't live"]


class _Doctored(InMemoryStore):
    """A store whose runs look different from what they are."""

    def __init__(self, **fields: Any) -> None:
        super().__init__()
        self._fields = fields

    async def list_runs(self, query: Any) -> Any:
        page = await super().list_runs(query)
        return replace(page, items=tuple(replace(run, **self._fields) for run in page))


async def test_a_timer_that_is_over_is_stuck() -> None:
    store = InMemoryStore()
    await store.insert_runs([spec("r1", delay=600.0)])
    assert await stuck(store) == []
    store = _Doctored(due_at=await store.now() - timedelta(seconds=10))
    await store.insert_runs([spec("r1", delay=600.0)])
    assert len(await stuck(store)) == 1


async def test_a_run_that_waits_for_an_approval_nobody_is_asked_for_is_stuck() -> None:
    store = _Doctored(status=RunStatus.WAITING, wait=WaitReason.APPROVAL)
    await store.insert_runs([spec("r1")])
    assert await stuck(store) == ["run r1 (fetch) waits for an approval, and none is pending"]


async def test_a_run_that_does_not_end_is_named() -> None:
    store = InMemoryStore()
    await store.insert_runs([spec("r1")])
    assert sorted(await all_over(store, ["r1", "r2"], within=0.0)) == [
        "run r1 isn't over: pending",
        "run r2 isn't over: lost",
    ]
