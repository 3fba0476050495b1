"""Bad input through the API, where runs wait: signals, sleeps, deadlines, the terms of a gate, remarks, forks."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest

from sagewai import ApprovalGate, DurableWorkflow, sleep, sleep_until, wait_signal
from sagewai.core import commands, waiting
from sagewai.core.codec import decode
from sagewai.core.policies import MAX_REVIEWERS
from sagewai.core.retry import MAX_DELAY
from sagewai.core.stores.base import Store
from sagewai.core.workflow import LONGEST
from sagewai.models.actor import Actor
from sagewai.models.history import EventKind
from sagewai.models.status import RunStatus
from tests.contract.scene import Scene
from tests.engine.helpers import until_status, working
from tests.faults import corpus
from tests.faults.corpus import Case, Unspeakable
from tests.faults.report import Fault
from tests.faults.score import Score

pytestmark = pytest.mark.one_database_when_short

ANN = Actor("ann", source="api", assurance="api")

Wait = Callable[[Any], Awaitable[Any]]


async def test_what_a_step_waits_for(fault: Fault, store: Store) -> None:
    """The run waits, or goes on, or fails with an error that names the option."""
    flow = DurableWorkflow("waiting", store)
    gate = ApprovalGate(flow)
    places: Mapping[str, tuple[Sequence[Case], Wait, Sequence[str]]] = {
        "sleep": (list(corpus.numbers(0.0, waiting.LONGEST, whole=False)), sleep, ["seconds"]),
        "sleep until": (moments(), sleep_until, ["when"]),
        "wait for a signal": (
            list(corpus.numbers(0.0, waiting.LONGEST, whole=False)),
            lambda value: wait_signal("news", timeout=value),
            ["timeout"],
        ),
        "a signal's name": (corpus.names(), wait_signal, ["name"]),
        "a wait's key": (corpus.names(), lambda value: wait_signal("news", key=value), ["key"]),
        "a gate's timeout": (
            list(corpus.numbers(0.001, MAX_DELAY, whole=False)),
            lambda value: gate.request_approval("Go?", timeout=value),
            ["timeout"],
        ),
        "required": (
            list(corpus.numbers(1, MAX_REVIEWERS, whole=True)),
            lambda value: gate.request_approval("Go?", required=value),
            ["required"],
        ),
        "approvers": (
            [*corpus.names(), *corpus.not_names()],
            lambda value: gate.request_approval("Go?", approvers=[value]),
            ["approvers"],
        ),
        "escalate to": (
            [*corpus.names(), *corpus.not_names()],
            lambda value: gate.request_approval(
                "Go?", timeout=60, on_timeout="escalate", escalate_to=[value]
            ),
            ["escalate_to"],
        ),
    }

    @flow.step("wait")
    async def wait(place: str, at: int) -> str:
        cases, ask, _ = places[place]
        await ask(cases[at].value)
        return "went on"

    score = Score()
    async with working(store, flow, poll_interval=0.05, max_concurrent=50):
        for place, (cases, _, words) in places.items():
            handles = await flow.submit_many([{"place": place, "at": at} for at in range(len(cases))])
            for case, handle in zip(cases, handles, strict=True):
                rests = (RunStatus.WAITING, RunStatus.COMPLETED, RunStatus.FAILED, RunStatus.REJECTED)
                run = await until_status(store, handle.run_id, *rests, timeout=60)
                if run.status is not RunStatus.FAILED:
                    score.came_back(place, case, case.value)
                    continue
                failed = (await store.get_outcome(handle.run_id)).error
                assert failed is not None
                if failed.type == "sagewai.errors.SignalTimeout" and case.kept:
                    score.came_back(place, case, case.value)
                elif not failed.type.startswith("sagewai.errors."):
                    score.note(place, case, f"failed as {failed.type}: {failed.message[:200]!a}")
                else:
                    score.refused(place, case, failed.message, *words)
    finish(fault, score, "waits")


async def test_what_is_sent_and_said(fault: Fault, store: Store) -> None:
    """Signals, claims, snoozes, remarks; deadlines of submits; forks."""
    score, scene = Score(), Scene(store)
    flow = DurableWorkflow("sent", store)

    @flow.step("only")
    async def only(value: object) -> object:
        return value

    session = await scene.session()
    await (await scene.own("waits", session=session)).park()
    [asked] = await store.approvals_of("waits")

    async def signal(value: Any) -> Any:
        sent = await flow.signal("waits", "news", value, actor=ANN)
        [kept] = [each for each in await store.signals_of("waits") if each.id == sent.id]
        return decode(kept.payload)

    async def name_signal(value: Any) -> Any:
        return (await flow.signal("waits", value, actor=ANN)).name

    async def comment(value: Any) -> Any:
        await commands.comment(store, asked.id, value, actor=ANN)
        events = await store.get_events("waits", limit=5_000)
        return [each.reason for each in events if each.kind is EventKind.APPROVAL_COMMENTED][-1]

    async def snooze(value: Any) -> Any:
        snoozed = await commands.snooze(store, asked.id, actor=ANN, seconds=value)
        return value if (snoozed.snoozed_until is not None) == (value > 0) else snoozed.snoozed_until

    async def claim(value: Any) -> Any:
        claimed = await commands.claim(store, asked.id, actor=ANN, seconds=value)
        return value if claimed.claimed_by == "ann" else claimed.claimed_by

    async def deadline(value: Any) -> Any:
        run = await (await flow.submit(value=1, deadline=value)).status()
        return value if run.deadline_at is not None else None

    async def fork_input(value: Any) -> Any:
        forked = await flow.fork(source.run_id, input={"value": value})
        return decode(await store.get_input(forked.run_id))["value"]

    async def fork_id(value: Any) -> Any:
        return (await flow.fork(source.run_id, new_run_id=value)).run_id

    async def fork_step(value: Any) -> Any:
        return (await (await flow.fork(source.run_id, from_step=value)).status()).step

    source = await flow.submit(value=1)
    payloads = [*corpus.texts(), *corpus.values()]
    remarks = corpus.texts_up_to(commands.MAX_REASON)
    for place, cases, put, words in (
        ("payload", payloads, signal, ["payload"]),
        ("signal name", [*corpus.names(), *corpus.not_names()], name_signal, ["signal's name"]),
        ("comment", remarks, comment, ["comment"]),
        ("snooze", list(corpus.numbers(0.0, MAX_DELAY, whole=False)), snooze, ["seconds"]),
        ("claim", list(corpus.numbers(1.0, 86_400.0, whole=False)), claim, ["seconds"]),
        ("deadline", list(corpus.numbers(0.001, LONGEST, whole=False)), deadline, ["deadline"]),
        ("fork input", payloads, fork_input, ["input"]),
        ("fork id", [*corpus.names(), *corpus.not_names()], fork_id, ["run_id"]),
        ("fork step", [Case(each.name, each.value, False) for each in corpus.names()], fork_step, ["step"]),
    ):
        for case in cases:
            await score.judge(place, case, put, *words)
    finish(fault, score, "signals and forks")


def moments() -> list[Case]:
    now = datetime.now(UTC)
    return [
        Case("a second ago", now - timedelta(seconds=1), True),
        Case("in an hour", now + timedelta(hours=1), True),
        Case(
            "in an hour, elsewhere", (now + timedelta(hours=1)).astimezone(timezone(timedelta(hours=9))), True
        ),
        Case("the first moment", datetime.min.replace(tzinfo=UTC), None),
        Case("the last moment", datetime.max.replace(tzinfo=UTC), None),
        Case("before the first", datetime.min.replace(tzinfo=timezone(timedelta(hours=9))), False),
        Case("after the last", datetime.max.replace(tzinfo=timezone(-timedelta(hours=9))), False),
        Case("naive", datetime(2030, 1, 1), False),  # noqa: DTZ001
        Case("a day", now.date(), False),
        Case("a number", now.timestamp(), False),
        Case("text", now.isoformat(), False),
        Case("None", None, False),
        Case("an object whose repr raises", Unspeakable(), False),
    ]


def finish(fault: Fault, score: Score, place: str) -> None:
    fault.figure(f"{place} {score.figure}")
    fault.check(score.problems)
