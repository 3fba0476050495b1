"""What the tests speak in: workflows, sessions, submitted and held runs, and owners that make their moves."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sagewai.core.codec import digest, encode
from sagewai.core.policies import content_digest
from sagewai.core.stores.base import Store
from sagewai.core.transitions import Operation
from sagewai.models.actor import Actor
from sagewai.models.approval import ANYONE, Approval, ApprovalPolicy, ApprovalRequest, DecisionRequest
from sagewai.models.history import Event, EventKind
from sagewai.models.run import Definition, Inserted, LabelValue, LeasedRun, Run, RunSpec, StepInfo
from sagewai.models.session import ProcessIdentity, SessionSpec
from sagewai.models.status import Outcome, RunStatus, Verdict
from sagewai.models.transition import Move, Transition
from sagewai.models.wait import Signal, Wait, WaitRequest

ALICE = Actor("alice", source="cli", assurance="os")
BOB = Actor("bob", source="console", assurance="ssh")
PROCESS = ProcessIdentity(host="here", boot_id="b", pid_namespace="n", pid=7, started="1")

LONG = 600.0
"""A lease or delay, in seconds, that no test lives to see the end of."""


def definition(
    workflow: str = "orders", steps: Sequence[str] = ("fetch", "judge", "file"), version: str = ""
) -> Definition:
    """``judge`` may be tried three times, other steps once."""
    infos = tuple(StepInfo(name, max_attempts=3 if name == "judge" else 1, timeout=None) for name in steps)
    return Definition(workflow, version, infos, fingerprint=digest(f"{workflow} {version} {steps}"))


ORDERS = definition()


def spec(
    run_id: str = "r1",
    *,
    workflow: str = "orders",
    values: object = None,
    shape: Definition | None = ORDERS,
    **fields: Any,
) -> RunSpec:
    """A run of ``orders``; ``shape`` None leaves its steps unknown."""
    text = encode({"order": 1} if values is None else values)
    if shape is ORDERS and workflow != "orders":
        shape = definition(workflow)
    fields.setdefault("actor", ALICE)
    return RunSpec(run_id, workflow, text, digest(text), definition=shape, **fields)


def ask(
    gate: str = "#1",
    *,
    step: str = "fetch",
    branch: str = "",
    prompt: str = "Send it?",
    context: object = None,
    timeout: float | None = None,
    policy: ApprovalPolicy = ANYONE,
) -> ApprovalRequest:
    text = encode(context)
    digest = content_digest(prompt, text, policy)
    return ApprovalRequest(step, branch, gate, prompt, text, digest, timeout, policy)


def timer(key: str = "#1", *, step: str = "fetch", branch: str = "", **fields: Any) -> WaitRequest:
    """A durable sleep, LONG unless ``delay`` or ``until`` says otherwise."""
    if "until" not in fields:
        fields.setdefault("delay", LONG)
    return WaitRequest(step, branch, key, "timer", **fields)


def listen(
    name: str = "paid", key: str = "#1", *, step: str = "fetch", branch: str = "", **fields: Any
) -> WaitRequest:
    """A wait for a signal, without end unless ``delay`` or ``until`` says otherwise."""
    return WaitRequest(step, branch, key, "signal", name, **fields)


def failure(kind: str = "builtins.ValueError", message: str = "boom", traceback: str = "line 1") -> str:
    return json.dumps({"type": kind, "message": message, "traceback": traceback})


_OUTCOMES = {
    Move.STEP_DONE: Outcome.COMPLETED,
    Move.COMPLETED: Outcome.COMPLETED,
    Move.RETRY: Outcome.FAILED,
    Move.RETRY_LATER: Outcome.FAILED,
    Move.PARK: Outcome.SUSPENDED,
    Move.FAILED: Outcome.FAILED,
    Move.REJECTED: Outcome.REJECTED,
    Move.CANCELLED: Outcome.CANCELLED,
    Move.RELEASED: Outcome.RELEASED,
    Move.REFUSED: Outcome.RELEASED,
}

_WITH_ERROR = frozenset({Move.RETRY, Move.RETRY_LATER, Move.FAILED, Move.REFUSED})


@dataclass(slots=True)
class Owner:
    """Somebody who holds a run. Each move is built from what it knows, and what came of it is noted."""

    store: Store
    lease: LeasedRun
    steps: Sequence[str] = ("fetch", "judge", "file")

    @property
    def run_id(self) -> str:
        return self.lease.run_id

    @property
    def step(self) -> str:
        return self.steps[self.lease.seq]

    def transition(self, move: Move, **fields: Any) -> Transition:
        """The move as an honest owner would send it, except for ``fields``."""
        lease = self.lease
        following = self.steps[lease.seq + 1] if lease.seq + 1 < len(self.steps) else None
        built = Transition(
            key=lease.key,
            token=lease.token,
            rev=lease.rev,
            move=move,
            outcome=_OUTCOMES[move],
            seq=lease.seq,
            step=self.step,
            attempt=lease.attempt,
            wakeups=lease.wakeups,
            result='"done"' if move in (Move.STEP_DONE, Move.COMPLETED) else None,
            error=failure() if move in _WITH_ERROR else None,
            next_step=following if move is Move.STEP_DONE else None,
            delay=LONG if move is Move.RETRY_LATER else 0.0,
            requests=(ask(step=self.step),) if move is Move.PARK and "waits" not in fields else (),
        )
        return built._replace(**fields)

    async def make(self, move: Move, **fields: Any) -> RunStatus | None:
        (status,) = await self.store.record([self.transition(move, **fields)])
        if status is not None:
            self.note(move)
        return status

    def note(self, move: Move) -> None:
        """The move was recorded."""
        lease = replace(self.lease, rev=self.lease.rev + 1)
        if move is Move.STEP_DONE:
            lease = replace(lease, seq=lease.seq + 1, attempt=1)
        elif move is Move.RETRY:
            lease = replace(lease, attempt=lease.attempt + 1)
        self.lease = lease

    async def park(self, *asked: ApprovalRequest | WaitRequest, **fields: Any) -> RunStatus | None:
        """Wait for approvals, timers and signals; for one approval where nothing is named."""
        if asked:
            fields["requests"] = tuple(each for each in asked if isinstance(each, ApprovalRequest))
            fields["waits"] = tuple(each for each in asked if isinstance(each, WaitRequest))
        return await self.make(Move.PARK, **fields)

    async def finish(self) -> RunStatus | None:
        """Record every step that is left."""
        while self.lease.seq + 1 < len(self.steps):
            await self.make(Move.STEP_DONE)
        return await self.make(Move.COMPLETED)


@dataclass(slots=True)
class Scene:
    """A store with people and workers around it."""

    store: Store

    # -- sessions and runs ----------------------------------------------------------------------------------------

    async def session(self, name: str = "w1", *, lease_ttl: float = LONG, **fields: Any) -> int:
        fields.setdefault("definitions", (ORDERS,))
        fields.setdefault("kind", "worker")
        fields.setdefault("process", PROCESS)
        return await self.store.open_session(SessionSpec(name=name, lease_ttl=lease_ttl, **fields))

    async def submit(self, run_id: str = "r1", **fields: Any) -> Inserted:
        (inserted,) = await self.store.insert_runs([spec(run_id, **fields)])
        return inserted

    async def own(self, run_id: str = "r1", *, session: int | None = None, **fields: Any) -> Owner:
        """A run submitted and held, by a new session unless one is given."""
        holder = await self.session() if session is None else session
        await self.submit(run_id, **fields)
        return await self.take(run_id, session=holder)

    async def take(self, run_id: str = "r1", *, session: int | None = None) -> Owner:
        """A pending run, held."""
        holder = await self.session() if session is None else session
        lease = await self.store.claim_run(holder, run_id)
        assert lease is not None, f"{run_id} is not pending"
        steps = [step.name for step in await self.store.get_steps(run_id)]
        return Owner(self.store, lease, steps or ("fetch", "judge", "file"))

    async def routes(
        self,
        *,
        pool: str = "default",
        labels: Mapping[str, LabelValue] | None = None,
        workflows: Sequence[str] = ("orders",),
        versions: Sequence[str] = ("",),
    ) -> tuple[int, ...]:
        wanted = dict.fromkeys(workflows, versions)
        return (await self.store.resolve_routes(pool, labels or {}, wanted)).ids

    async def claim(self, session: int, limit: int = 10, **fields: Any) -> list[str]:
        """The ids of what a claim gave, in order."""
        claimed = await self.store.claim(session, await self.routes(**fields), limit)
        return [run.run_id for run in claimed.runs]

    async def lose(self, run_id: str) -> None:
        """The session that holds the run dies, and is swept."""
        run = await self.store.get_run(run_id)
        assert run.session is not None
        await self.store.lapse_sessions([run.session])
        await self.store.tick()

    async def lose_times(self, run_id: str, times: int) -> None:
        """Make a pending run lose its worker again and again."""
        for _ in range(times):
            await self.take(run_id)
            await self.lose(run_id)

    # -- a run in each status -------------------------------------------------------------------------------------

    async def run_in(self, status: RunStatus, run_id: str = "r1", **fields: Any) -> Run:
        """A run that got there as runs do."""
        if status is RunStatus.PENDING:
            await self.submit(run_id, **fields)
        else:
            owner = await self.own(run_id, **fields)
            if status is RunStatus.WAITING:
                await owner.park()
            elif status is RunStatus.PAUSED:
                await owner.park()
                await self.store.operate(run_id, Operation.PAUSE, BOB)
            elif status is RunStatus.COMPLETED:
                await owner.finish()
            elif status is RunStatus.FAILED:
                await owner.make(Move.FAILED)
            elif status is RunStatus.REJECTED:
                await owner.park()
                await self.decide(run_id, Verdict.REJECT)
            elif status is RunStatus.CANCELLED:
                await owner.park()
                await self.store.operate(run_id, Operation.CANCEL, BOB)
        run = await self.store.get_run(run_id)
        assert run.status is status
        return run

    # -- people ---------------------------------------------------------------------------------------------------

    async def decide(
        self, run_id: str = "r1", verdict: Verdict = Verdict.APPROVE, *, by: Actor = ALICE, **fields: Any
    ) -> Approval:
        return await self.store.decide(DecisionRequest(run_id, verdict, by, **fields))

    async def signal(
        self, run_id: str = "r1", name: str = "paid", payload: object = None, *, by: Actor = ALICE
    ) -> Signal:
        return await self.store.signal(run_id, name, encode(payload), by)

    async def approvals(self, run_id: str = "r1") -> dict[str, Approval]:
        """The newest approval of each gate."""
        return {approval.gate: approval for approval in await self.store.approvals_of(run_id)}

    async def waits(self, run_id: str = "r1") -> dict[str, Wait]:
        """The waits of a run by their keys."""
        return {wait.key: wait for wait in await self.store.waits_of(run_id)}

    # -- what is seen ---------------------------------------------------------------------------------------------

    async def status(self, run_id: str = "r1") -> RunStatus:
        return (await self.store.get_run(run_id)).status

    async def events(self, run_id: str = "r1", *kinds: EventKind) -> list[Event]:
        """Events of a run, oldest first; only of these kinds where some are given."""
        return [event for event in await self.store.get_events(run_id) if not kinds or event.kind in kinds]

    async def kinds(self, run_id: str = "r1") -> list[EventKind]:
        return [event.kind for event in await self.store.get_events(run_id)]

    # -- time -----------------------------------------------------------------------------------------------------

    async def until(self, holds: Callable[[], Awaitable[bool]], *, seconds: float = 10.0) -> None:
        """Return once it holds; fail after ``seconds``."""
        async with asyncio.timeout(seconds):
            while True:
                if await holds():
                    return
                await asyncio.sleep(0.01)

    async def past(self, moment: datetime | None) -> None:
        """Return once the store's clock has passed a moment."""
        assert moment is not None

        async def has_passed() -> bool:
            return await self.store.now() > moment

        await self.until(has_passed)
