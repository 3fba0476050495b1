"""Bad input through the API: each value at each place is refused by an error that names the place, or comes back."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import pytest

from sagewai import ApprovalGate, DurableWorkflow, RetryPolicy, WorkflowWorker
from sagewai.core import commands
from sagewai.core.codec import decode
from sagewai.core.commands import MAX_PRIORITY
from sagewai.core.question import MAX_PROMPT
from sagewai.core.retry import MAX_DELAY, MAX_RETRIES
from sagewai.core.stores.base import Store
from sagewai.errors import RunFailed
from sagewai.models.actor import Actor
from sagewai.models.page import RunQuery
from sagewai.models.run import Run
from sagewai.models.status import RunStatus
from tests.contract.scene import Scene, ask
from tests.engine.helpers import until_status, working
from tests.faults import corpus
from tests.faults.corpus import Case
from tests.faults.report import Fault
from tests.faults.score import Score, same

READ_OR_WRITTEN = ("the result of step 'give'", "step 'compare', parameter 'value'")
"""Where a step's result may be refused."""


def echoing(store: Store, **options: Any) -> DurableWorkflow:
    """A workflow that takes anything."""
    flow = DurableWorkflow("echo", store, **options)

    @flow.step("give")
    async def give(value: object) -> object:
        return value

    return flow


@pytest.mark.one_database_when_short
async def test_values_in_a_runs_input(fault: Fault, store: Store) -> None:
    flow, score = echoing(store), Score()

    async def put(value: Any) -> Any:
        handle = await flow.submit(value=value)
        return decode(await store.get_input(handle.run_id))["value"]

    for case in [*corpus.texts(), *corpus.values()]:
        await score.judge("input", case, put, "input")
    finish(fault, score, "input")


@pytest.mark.one_database_when_short
async def test_values_a_step_returns(fault: Fault, store: Store) -> None:
    """Plain ones and typed ones: recorded and there again for the next step, or the run fails and says where."""
    score = Score()
    plain = [*corpus.texts(), *corpus.values()]
    flows = [returning("plain", store, plain, object)]
    flows += [
        returning(f"typed-{number}", store, [case], announced)
        for number, (announced, case) in enumerate(corpus.typed())
    ]
    cases = [plain, *([case] for _, case in corpus.typed())]
    async with working(store, flows, poll_interval=0.05, max_concurrent=50):
        for flow, tried in zip(flows, cases, strict=True):
            handles = await flow.submit_many([{"at": at} for at in range(len(tried))])
            for case, handle in zip(tried, handles, strict=True):
                try:
                    back = await handle.result(timeout=60)
                except RunFailed:
                    failed = (await store.get_outcome(handle.run_id)).error
                    assert failed is not None
                    if not failed.type.startswith("sagewai.errors."):
                        score.note(f"{flow.name} result", case, f"failed as {failed.type}")
                    else:
                        score.refused(f"{flow.name} result", case, failed.message, *READ_OR_WRITTEN)
                else:
                    if back == "same":
                        score.total += 1
                    else:
                        score.note(f"{flow.name} result", case, f"reached the next step as {back}")
    finish(fault, score, "step results")


def returning(name: str, store: Store, cases: Sequence[Case], announced: Any) -> DurableWorkflow:
    """A step that returns a case, and one that says whether it arrives as what it was."""
    flow = DurableWorkflow(name, store)

    async def give(at: int) -> Any:
        return cases[at].value

    async def compare(value: Any, at: int) -> str:
        return "same" if same(value, cases[at].value) else ascii(value)[:100]

    give.__annotations__["return"] = announced
    flow.step("give")(give)
    flow.step("compare")(compare)
    return flow


@pytest.mark.one_database_when_short
async def test_values_beside_an_approval(fault: Fault, store: Store) -> None:
    """Its context and prompt, where the gate asks; the payload and the reason, where a person answers."""
    score, reviewer = Score(), Actor("ann", source="api", assurance="api")
    flow = DurableWorkflow("asking", store)
    gate = ApprovalGate(flow)
    payloads = [*corpus.texts(), *corpus.values()]

    @flow.step("ask")
    async def ask_them(place: str, at: int) -> str:
        if place == "context":
            await gate.request_approval("Go on?", context=payloads[at].value)
        elif place == "prompt":
            await gate.request_approval(prompts[at].value)
        else:
            await gate.request_approval("Go on?", key=names[at].value)
        return "went on"

    names, prompts = corpus.names(), corpus.texts_up_to(MAX_PROMPT)
    async with working(store, flow, poll_interval=0.05, max_concurrent=50):
        for place, cases in (("context", payloads), ("prompt", prompts), ("key", names)):
            handles = await flow.submit_many([{"place": place, "at": at} for at in range(len(cases))])
            for case, handle in zip(cases, handles, strict=True):
                run = await until_status(
                    store, handle.run_id, RunStatus.WAITING, RunStatus.FAILED, timeout=60
                )
                if run.status is RunStatus.FAILED:
                    failed = (await store.get_outcome(handle.run_id)).error
                    assert failed is not None
                    score.refused(place, case, failed.message, place)
                    continue
                [asked] = await store.approvals_of(handle.run_id)
                back = {"context": decode(asked.context or "null"), "prompt": asked.prompt, "key": asked.gate}
                score.came_back(place, case, back[place])

    scene = Scene(store)
    session = await scene.session()

    async def waiting() -> str:
        run_id = f"waits-{score.total}"
        await (await scene.own(run_id, session=session)).park(ask(context={"n": score.total}))
        return run_id

    async def pay(value: Any) -> Any:
        decided = await commands.approve(store, await waiting(), actor=reviewer, payload=value)
        assert decided.decision is not None
        return None if decided.decision.payload is None else decode(decided.decision.payload)

    async def give_reason(value: Any) -> Any:
        decided = await commands.reject(store, await waiting(), actor=reviewer, reason=value)
        assert decided.decision is not None
        return decided.decision.reason

    async def sign(value: Any) -> Any:
        actor = Actor(value, source="api", assurance="api")
        decided = await commands.approve(store, await waiting(), actor=actor)
        assert decided.decision is not None
        return decided.decision.reviewer.name

    for case in payloads:
        await score.judge("payload", case, pay, "payload")
    for case in corpus.texts_up_to(commands.MAX_REASON):
        await score.judge("reason", case, give_reason, "reason")
    for case in [*corpus.names(), *corpus.not_names()]:
        await score.judge("reviewer", case, sign, "actor")
    finish(fault, score, "approvals")


@pytest.mark.one_database_when_short
async def test_names_and_labels(fault: Fault, store: Store) -> None:
    score = Score()
    flow = echoing(store)

    def submitting(read: Callable[[Run], Any], **fixed: Any) -> Callable[[str], Any]:
        def at(field: str) -> Any:
            async def put(value: Any) -> Any:
                handle = await flow.submit(value=1, **{**fixed, field: value})
                found = await store.get_run(handle.run_id)
                return read(found)

            return put

        return at

    for case in [*corpus.names(), *corpus.not_names()]:
        await score.judge("run_id", case, submitting(lambda run: run.run_id)("run_id"), "run_id")
        await score.judge("pool", case, submitting(lambda run: run.pool)("pool"), "pool")
        await score.judge("workflow", case, named_workflow(store), "name")
        await score.judge("version", _or_empty(case), versioned(store), "version")
        await score.judge("step", case, named_step(store), "step")
    for case in corpus.names():
        if case.kept:
            page = await store.list_runs(RunQuery(prefix=case.value, limit=200))
            found = next((run.run_id for run in page.items if run.run_id == case.value), None)
            score.came_back("listing by id", case, found)
    for case in corpus.labels():
        await score.judge("labels", case, submitting(lambda run: dict(run.labels))("labels"), "label")
    for case in corpus.tags():
        await score.judge("tags", case, submitting(lambda run: dict(run.tags))("tags"), "tag")
    finish(fault, score, "names and labels")


@pytest.mark.one_database_when_short
async def test_numbers(fault: Fault, store: Store) -> None:
    """Options of steps, policies, submits, gates and workers; a number out of its range is named with its option."""
    score = Score()

    def step_option(option: str) -> Callable[[Any], Any]:
        async def put(value: Any) -> Any:
            flow = DurableWorkflow("counted", store)

            @flow.step("only", **{option: value})
            def only() -> None: ...

            step = flow.plan.steps[0]
            found = {"retries": step.retries, "retry_delay": step.policy.delay, "timeout": step.timeout}
            return found[option]

        return put

    def policy_option(option: str) -> Callable[[Any], Any]:
        async def put(value: Any) -> Any:
            return getattr(RetryPolicy(**{option: value}), option)

        return put

    def worker_option(option: str) -> Callable[[Any], Any]:
        async def put(value: Any) -> Any:
            options = {"heartbeat_interval": 0.05, "lease_ttl": 80_000.0, option: value}
            worker = WorkflowWorker(store=store, workflow_registry=echoing(store), **options)
            return getattr(worker, option)

        return put

    async def prioritize(value: Any) -> Any:
        handle = await echoing(store).submit(value=1, priority=value)
        return (await handle.status()).priority

    async def reprioritize(value: Any) -> Any:
        handle = await echoing(store).submit(value=1)
        actor = Actor("ann", source="api", assurance="api")
        return (await commands.set_priority(store, handle.run_id, value, actor=actor)).priority

    async def delay(value: Any) -> Any:
        handle = await echoing(store).submit(value=1, delay=value)
        run = await handle.status()
        return value if (run.due_at is not None or not value) else None

    async def wait(value: Any) -> Any:
        handle = await echoing(store).submit(value=1)
        try:
            await handle.result(timeout=value)
        except TimeoutError:
            return value
        return "a result"

    places: Mapping[str, tuple[Callable[[Any], Any], float, float, bool]] = {
        "retries": (step_option("retries"), 0, MAX_RETRIES, True),
        "retry_delay": (step_option("retry_delay"), 0.0, MAX_DELAY, False),
        "timeout": (step_option("timeout"), 0.001, MAX_DELAY, False),
        "delay": (policy_option("delay"), 0.0, MAX_DELAY, False),
        "factor": (policy_option("factor"), 1.0, 1_000.0, False),
        "max_delay": (policy_option("max_delay"), 0.0, MAX_DELAY, False),
        "jitter": (policy_option("jitter"), 0.0, 1.0, False),
        "poll_interval": (worker_option("poll_interval"), 0.01, 3_600.0, False),
        "heartbeat_interval": (worker_option("heartbeat_interval"), 0.05, 3_600.0, False),
        "lease_ttl": (worker_option("lease_ttl"), 0.1, 86_400.0, False),
        "drain_timeout": (worker_option("drain_timeout"), 0.0, 86_400.0, False),
        "max_concurrent": (worker_option("max_concurrent"), 1, 10_000, True),
        "priority": (prioritize, -MAX_PRIORITY, MAX_PRIORITY, True),
        "set_priority": (reprioritize, -MAX_PRIORITY, MAX_PRIORITY, True),
        "submit delay": (delay, 0.0, 10 * MAX_DELAY, False),
    }
    for place, (put, low, high, whole) in places.items():
        for case in corpus.numbers(low, high, whole=whole):
            await score.judge(place, case, put, place.removeprefix("set_").removeprefix("submit "))
    for case in corpus.numbers(0.0, 0.01, whole=False):
        if case.name not in {"a little more", "2**63", "1e308"}:  # a person may wait as long as that
            await score.judge("result timeout", case, wait, "timeout")
    finish(fault, score, "numbers")


@pytest.mark.one_database_when_short
async def test_declarations(fault: Fault, store: Store) -> None:
    """Two steps of one name, what nothing can fill, what isn't a function."""
    score = Score()
    flow = DurableWorkflow("twice", store)

    @flow.step("x\x1b[2J")
    def first() -> None: ...

    async def again(value: Any) -> Any:
        flow.step(value)(first)

    async def decorate(value: Any) -> Any:
        DurableWorkflow("odd", store).step("s")(value)

    await score.judge("step name", Case("a second time", "x\x1b[2J", False), again, "unique")
    for value in (None, 7, "text", [first]):
        await score.judge("step function", Case("no function", value, False), decorate, "decorate")

    async def unknown(value: Any) -> Any:
        anything: dict[str, Any] = {value: 1}
        await echoing(store).submit(None, **anything)

    for case in corpus.names():
        if case.value != "value":
            await score.judge(
                "input name", Case(case.name, case.value, False), unknown, "takes", "needs 'value'", "blank"
            )
    finish(fault, score, "declarations")


# -- names at their places ----------------------------------------------------------------------------------------


def _or_empty(case: Case) -> Case:
    """A version may be empty or blank."""
    blank = isinstance(case.value, str) and not case.value.strip() and case.value.isprintable()
    return Case(case.name, case.value, None if blank or case.value == "\t" else case.kept)


def named_workflow(store: Store) -> Callable[[Any], Any]:
    async def put(value: Any) -> Any:
        flow = DurableWorkflow(value, store)
        flow.step("s")(lambda: None)
        return (await (await flow.submit()).status()).workflow

    return put


def versioned(store: Store) -> Callable[[Any], Any]:
    async def put(value: Any) -> Any:
        flow = DurableWorkflow("versioned", store, version=value)
        flow.step("s")(lambda: None)
        return (await (await flow.submit()).status()).version

    return put


def named_step(store: Store) -> Callable[[Any], Any]:
    async def put(value: Any) -> Any:
        flow = DurableWorkflow("stepped", store)
        flow.step(value)(lambda: None)
        return (await (await flow.submit()).status()).step

    return put


def finish(fault: Fault, score: Score, place: str) -> None:
    fault.figure(f"{place} {score.figure}")
    fault.check(score.problems)
