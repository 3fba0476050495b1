"""Puts runs into every state an operator meets, through the store contract alone."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import replace

from sagewai.core.codec import digest, encode, input_digest
from sagewai.core.policies import content_digest
from sagewai.core.stores.base import Store
from sagewai.models.actor import Actor
from sagewai.models.approval import ANYONE, ApprovalPolicy, ApprovalRequest
from sagewai.models.call import Budget, CallKind, CallRecord
from sagewai.models.run import Definition, LabelValue, LeasedRun, RunSpec, StepInfo
from sagewai.models.session import ProcessIdentity, SessionSpec
from sagewai.models.status import Outcome
from sagewai.models.transition import Move, Transition
from sagewai.models.wait import WaitRequest

OPERATOR = Actor("alice@ops1", source="console", assurance="os")
SUBMITTER = Actor("shop@web1", source="api")
STEPS = ("research", "draft", "review", "publish")


def definition(
    workflow: str, steps: tuple[str, ...] = STEPS, *, max_attempts: int = 4, version: str = "1"
) -> Definition:
    return Definition(
        workflow, version, tuple(StepInfo(name, max_attempts) for name in steps), f"print-of-{workflow}"
    )


def conversation(model: str, *messages: Mapping[str, object]) -> dict[str, object]:
    """What an agent asks a model."""
    return {"model": model, "messages": list(messages), "tools": [], "output": None, "sampling": {}}


class Clock:
    """A store's clock that a test moves on."""

    def __init__(self) -> None:
        self.seconds = time.time()

    def __call__(self) -> float:
        return self.seconds

    def passes(self, seconds: float) -> None:
        self.seconds += seconds


class Stage:
    """One store with one worker on it."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.leases: dict[str, LeasedRun] = {}
        self.positions: dict[tuple[str, int, str, str], int] = {}
        self.session = 0

    async def worker(
        self,
        *workflows: str,
        pool: str = "default",
        name: str = "worker-1",
        lease: float = 60.0,
        labels: Mapping[str, LabelValue] | None = None,
        steps: tuple[str, ...] = STEPS,
        version: str = "1",
    ) -> int:
        """A live worker; the last one opened claims for this stage."""
        self.session = await self.store.open_session(
            SessionSpec(
                name=name,
                kind="worker",
                process=ProcessIdentity("ops2", "boot", "ns", 4242, "1"),
                lease_ttl=lease,
                pool=pool,
                labels=labels or {},
                definitions=tuple(definition(workflow, steps, version=version) for workflow in workflows),
                max_concurrent=10,
            )
        )
        return self.session

    async def submit(
        self,
        run_id: str,
        workflow: str = "content-pipeline",
        *,
        pool: str = "default",
        delay: float | None = None,
        tags: Mapping[str, str] | None = None,
        labels: Mapping[str, LabelValue] | None = None,
        steps: tuple[str, ...] = STEPS,
        budget: Budget | None = None,
        **values: object,
    ) -> str:
        await self.store.insert_runs(
            [
                RunSpec(
                    run_id=run_id,
                    workflow=workflow,
                    input=encode(values),
                    input_digest=input_digest(values),
                    definition=definition(workflow, steps),
                    pool=pool,
                    delay=delay,
                    tags=tags or {},
                    labels=labels or {},
                    actor=SUBMITTER,
                    budget=budget,
                )
            ]
        )
        return run_id

    async def hold(self, run_id: str) -> None:
        """Let the stage's worker take this run."""
        lease = await self.store.claim_run(self.session, run_id)
        assert lease is not None
        self.leases[run_id] = lease

    async def running(self, run_id: str, *, done: int = 0, **options: object) -> str:
        """A run whose first ``done`` steps are recorded and whose next one runs."""
        await self.submit(run_id, **options)  # type: ignore[arg-type]
        await self.hold(run_id)
        for _ in range(done):
            await self.finish_step(run_id)
        return run_id

    async def finish_step(self, run_id: str, result: object = "a result") -> None:
        lease = self.leases[run_id]
        steps = [step.name for step in await self.store.get_steps(run_id)]
        last = lease.seq + 1 == len(steps)
        await self._move(
            run_id,
            Move.COMPLETED if last else Move.STEP_DONE,
            Outcome.COMPLETED,
            result=encode(result),
            next_step=None if last else steps[lease.seq + 1],
        )

    async def fail_attempt(
        self, run_id: str, message: str = "upstream said no", *, delay: float = 0.5
    ) -> None:
        await self._move(run_id, Move.RETRY, Outcome.FAILED, error=_error(message), delay=delay)

    async def back_off(self, run_id: str, *, delay: float = 600.0) -> None:
        await self._move(run_id, Move.RETRY_LATER, Outcome.FAILED, error=_error("rate limited"), delay=delay)

    async def ask(
        self,
        run_id: str,
        prompt: str = "Approve publication of: Durable agents",
        context: object = None,
        *,
        gate: str = "#1",
        timeout: float | None = None,
        policy: ApprovalPolicy = ANYONE,
        branch: str = "",
    ) -> int:
        """Park the run at a gate; gives the approval's id."""
        lease = self.leases[run_id]
        step = (await self.store.get_run(run_id)).step or ""
        text = encode({"content": "Durable agents\nsurvive crashes."} if context is None else context)
        seal = content_digest(prompt, text, policy)
        request = ApprovalRequest(step, branch, gate, prompt, text, seal, timeout, policy)
        await self._move(run_id, Move.PARK, Outcome.SUSPENDED, requests=(request,), wakeups=lease.wakeups)
        return (await self.store.approvals_of(run_id))[-1].id

    async def sleep(self, run_id: str, seconds: float) -> None:
        """Park the run until a timer is due."""
        step = (await self.store.get_run(run_id)).step or ""
        wait = WaitRequest(step, "", "#1", "timer", delay=seconds)
        await self._move(run_id, Move.PARK, Outcome.SUSPENDED, waits=(wait,))

    async def ask_many(self, run_id: str, *prompts: str) -> None:
        """Park the run at several gates at once."""
        step = (await self.store.get_run(run_id)).step or ""
        requests = tuple(
            ApprovalRequest(step, "", f"#{number}", prompt, "{}", content_digest(prompt, "{}"))
            for number, prompt in enumerate(prompts, 1)
        )
        await self._move(run_id, Move.PARK, Outcome.SUSPENDED, requests=requests)

    async def called(
        self,
        run_id: str,
        response: object,
        name: str = "writer",
        *,
        request: object = None,
        model: str = "gpt-4o-mini",
        tokens: tuple[int | None, int | None] = (812, 204),
        cost: float | None = 0.0031,
        branch: str = "",
        kind: CallKind = "model",
        rounds: int = 0,
        latency: float = 1.25,
    ) -> str | None:
        """Record a call of the step that runs: of a model, which was asked ``request`` (a text: as its only message),
        or of a function."""
        lease = self.leases[run_id]
        run = await self.store.get_run(run_id)
        head = (await self.store.heads([lease.key]))[lease.key]
        assert run.step is not None
        if isinstance(request, str):
            request = conversation(model, {"role": "user", "content": request})
        if isinstance(response, str) and kind == "model":
            response = {"text": response, "finish": "stop", "tool_calls": []}
        place = (run_id, run.steps_done, branch, name)
        self.positions[place] = position = self.positions.get(place, 0) + 1
        text = None if request is None else encode(request)
        [counts] = await self.store.record_calls(
            [
                CallRecord(
                    key=lease.key,
                    token=head.token,
                    seq=run.steps_done,
                    step=run.step,
                    attempt=run.attempt,
                    branch=branch,
                    name=name,
                    position=position,
                    round=rounds,
                    kind=kind,
                    digest=digest(text or name),
                    request=text,
                    response=encode(response),
                    model=model if kind == "model" else "",
                    input_tokens=tokens[0] if kind == "model" else None,
                    output_tokens=tokens[1] if kind == "model" else None,
                    cost=cost if kind == "model" else None,
                    latency=latency,
                )
            ]
        )
        return counts

    async def says(self, run_id: str, text: str, name: str = "writer") -> None:
        """Let a model be heard while it answers the step that runs."""
        step = (await self.store.get_run(run_id)).step or ""
        await self.store.write_tails({self.leases[run_id].key: (step, name, text)})

    async def die(
        self, run_id: str, message: str = "no such topic", *, kind: str = "builtins.ValueError"
    ) -> None:
        """Fail the run for good."""
        await self._move(run_id, Move.FAILED, Outcome.FAILED, error=_error(message, kind))

    async def _move(self, run_id: str, move: Move, outcome: Outcome, **more: object) -> None:
        lease = self.leases[run_id]
        run = await self.store.get_run(run_id)
        head = (await self.store.heads([lease.key]))[lease.key]
        assert run.step is not None
        [status] = await self.store.record(
            [
                Transition(
                    key=lease.key,
                    token=head.token,
                    rev=head.rev,
                    move=move,
                    outcome=outcome,
                    seq=run.steps_done,
                    step=run.step,
                    attempt=run.attempt,
                    **more,  # type: ignore[arg-type]
                )
            ]
        )
        assert status is not None
        self.leases[run_id] = _moved(lease, run.steps_done + (outcome is Outcome.COMPLETED))

    async def one_of_each(self) -> None:
        """A store as an operator finds it at three in the morning."""
        await self.worker("content-pipeline", "invoice")
        await self.submit("run-90ce41d7", "invoice", tags={"team": "blue"}, topic="March")
        await self.submit("run-0gpu0gpu", "train", pool="gpu", labels={"gpu": True})
        await self.submit("run-later001", "invoice", delay=3600.0)
        await self.running("run-81b0aa17", done=1, topic="AI safety")
        await self.fail_attempt("run-81b0aa17")
        await self.running("run-5aa1c0de", workflow="invoice", done=1)
        await self.back_off("run-5aa1c0de")
        await self.running("run-7f3a91c2", done=2, topic="quantum")
        await self.ask("run-7f3a91c2")
        await self.running("run-d0d0d0d0", done=1)
        await self.die("run-d0d0d0d0")
        await self.running("run-e4e4e4e4", workflow="invoice", done=0)
        await self.die("run-e4e4e4e4", "connection refused", kind="httpx.ConnectError")
        await self.running("run-00c0ffee", done=4)

    async def night(self, clock: Clock) -> None:
        """The same with time in it, for pictures: a lost lease, back-off, waits of all lengths. Needs ``clock``."""
        await self.worker("content-pipeline", "invoice", name="ops1-4242", lease=1e6)
        for number, workflow in enumerate(["invoice", "content-pipeline", "invoice"]):
            run_id = await self.running(f"run-00c0ff{number:02}", workflow=workflow)
            for _ in STEPS:
                clock.passes(41.0)
                await self.finish_step(run_id)
        await self.submit("run-0gpu0gpu", "train", pool="gpu", labels={"gpu": True})
        await self.submit("run-later001", "invoice", delay=36_000.0)
        run_id = await self.running("run-7f3a91c2", tags={"team": "blue"}, topic="quantum computing")
        clock.passes(12.0)
        await self.finish_step(run_id)
        clock.passes(18.0)
        await self.fail_attempt(run_id, delay=4.0)
        clock.passes(20.0)
        await self.store.lapse_sessions([self.session])
        await self.store.tick()
        clock.passes(21.0)
        await self.worker("content-pipeline", "invoice", name="ops2-1717", lease=1e6)
        await self.hold(run_id)
        clock.passes(49.0)
        await self.finish_step(run_id)
        clock.passes(1.0)
        await self.ask(run_id, "Approve publication of: Durable agents survive crashes", ARTICLE)
        clock.passes(300.0)
        for number, error in enumerate(["no such topic: March", "empty ledger", "no such topic: May"]):
            run_id = await self.running(f"run-d0d0d{number:03}", workflow="invoice", done=1)
            clock.passes(31.0)
            await self.die(
                run_id, error, kind="shop.errors.TopicError" if "topic" in error else "builtins.ValueError"
            )
        run_id = await self.running("run-5aa1c0de", workflow="invoice", done=1)
        clock.passes(3.0)
        await self.back_off(run_id)
        run_id = await self.running("run-44aa0b1e", done=2)
        await self.ask(
            run_id, "Publish 'Why checkpoints'?", {"content": "Checkpoints are final."}, timeout=900.0
        )
        clock.passes(240.0)
        run_id = await self.running("run-81b0aa17", done=1, topic="AI safety")
        clock.passes(22.0)
        await self.fail_attempt(run_id)
        await self.submit("run-90ce41d7", "invoice", tags={"team": "blue"}, topic="March")
        clock.passes(26.0)


ARTICLE = {
    "title": "Durable agents survive crashes",
    "content": "A worker may die at any moment.\n\nWhat it has recorded stays; what it hasn't is run again by "
    "another worker, under a higher token, so that a late write of the first one changes nothing.",
    "words": 412,
    "sources": ["https://example.org/checkpoints", "https://example.org/fencing"],
}


def _moved(lease: LeasedRun, seq: int) -> LeasedRun:
    return replace(lease, seq=seq)


def _error(message: str, kind: str = "builtins.RuntimeError") -> str:
    trace = f'Traceback (most recent call last):\n  File "flows.py", line 12, in draft\n    raise {kind}\n'
    return encode({"type": kind, "message": message, "traceback": trace})
