"""A random walk over everything a store can do, taken by the reference and another store side by side.

Each step makes the same call of both and compares what came of it; ids that stores give are told apart by what they
stand for: a session by its name, an approval by its place among those of its run.
"""

from __future__ import annotations

import json
import random
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Any

from sagewai.core.stores.base import Store
from sagewai.core.transitions import Operation
from sagewai.errors import SagewaiError
from sagewai.models.actor import Actor
from sagewai.models.approval import ANYONE, ApprovalPolicy, Attention, DecisionRequest
from sagewai.models.call import Budget, CallRecord
from sagewai.models.page import ApprovalQuery, RunQuery
from sagewai.models.run import ForkSpec, Inserted, LabelValue, LeasedRun
from sagewai.models.status import TERMINAL, Ask, RunStatus, Verdict
from sagewai.models.transition import Move
from tests.contract.picture import picture, plain
from tests.contract.scene import (
    ALICE,
    BOB,
    LONG,
    ORDERS,
    Owner,
    Scene,
    ask,
    definition,
    listen,
    spec,
    timer,
)

CAROL = Actor("carol", source="cli", assurance="os")
VERBS = (
    Operation.CANCEL,
    Operation.PAUSE,
    Operation.RESUME,
    Operation.STEP,
    Operation.RETRY,
    Operation.DISCARD,
    Operation.SET_PRIORITY,
)
MOVES = (*Move, *[Move.STEP_DONE] * 4, *[Move.PARK] * 8)
LABELS: tuple[dict[str, LabelValue], ...] = ({}, {}, {"gpu": True}, {"gpu": 1})
POOLS = ("default", "default", "gpu")
SHAPES = (ORDERS, ORDERS, None, definition(version="2"))
VERSIONS = ("", "2", "old")
SIGNALS = ("paid", "shipped")
AT_ONCE = 1e-6
"""Seconds that have passed before anybody makes another call."""
POLICIES = (
    ANYONE,
    ANYONE,
    *[ApprovalPolicy(required=2)] * 2,
    ApprovalPolicy(approvers=("alice", "carol")),
    ApprovalPolicy(exclude_requester=True),
    ApprovalPolicy(approvers=("alice",), on_timeout="escalate", escalate_to=("bob", "carol")),
)

Step = Callable[[], Awaitable[None]]


class Twin:
    """One of the two stores, with the ids it gave."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.scene = Scene(store)
        self.sessions: dict[str, int] = {}
        self.owners: dict[str, Owner] = {}

    def hold(self, lease: LeasedRun) -> None:
        self.owners[lease.run_id] = Owner(self.store, lease)

    async def approval_id(self, run_id: str, place: int) -> int:
        """The id of the run's approval at this place; one that doesn't exist where there is none."""
        approvals = await self.store.approvals_of(run_id)
        return approvals[place].id if place < len(approvals) else 999_999


class Walk:
    """The same steps in two stores. ``trail`` says what was done, for whoever reads a failure."""

    def __init__(self, reference: Store, other: Store, seed: int) -> None:
        self.twins = (Twin(reference), Twin(other))
        self.random = random.Random(seed)
        self.trail: list[str] = []
        self.refused: set[str] = set()
        self.steps: list[Step] = [
            *[self.submit] * 5,
            *[self.submit_held] * 2,
            self.open_session,
            *[self.claim] * 6,
            *[self.take] * 6,
            self.assign,
            *[self.move] * 18,
            *[self.decide] * 8,
            *[self.attend] * 3,
            *[self.signal] * 4,
            *[self.fork] * 2,
            *[self.call] * 4,
            *[self.operate] * 4,
            self.beat,
            self.close,
            *[self.lapse] * 2,
            self.ask_session,
            *[self.ask_pool] * 2,
            *[self.hold] * 3,
        ]

    async def go(self, steps: int, *, look_every: int = 40) -> None:
        await self.open_session()
        for number in range(1, steps + 1):
            await self.random.choice(self.steps)()
            if number % look_every == 0 or number == steps:
                await self.look()

    async def both(self, name: str, call: Callable[[Twin], Awaitable[Any]]) -> None:
        """The same call of both must end the same way: the same value, or an error of the same type."""
        self.trail.append(name)
        results = [await _ending(call(twin)) for twin in self.twins]
        assert results[0] == results[1], (difference(*results), self.trail[-20:])

    async def look(self) -> None:
        """Both show the same, and each one's counters are what counting its runs gives."""
        first, second = [timeless(await picture(twin.store), twin) for twin in self.twins]
        assert first == second, (difference(first, second), self.trail[-20:])
        for twin in self.twins:
            counted: dict[str, dict[RunStatus, int]] = {}
            for run in await twin.store.list_runs(RunQuery(limit=1_000)):
                of_pool = counted.setdefault(run.pool, {})
                of_pool[run.status] = of_pool.get(run.status, 0) + 1
            counts = await twin.store.counts()
            assert {pool: dict(found) for pool, found in counts.by_pool.items()} == counted, self.trail[-20:]
            glance = await twin.store.glance()
            assert (glance.counts, list(glance.pools)) == (counts, await twin.store.list_pools()), self.trail[
                -20:
            ]

    # -- what is chosen -------------------------------------------------------------------------------------------

    def run_id(self) -> str:
        return f"r{self.random.randrange(20)}"

    async def run_in(self, *statuses: RunStatus) -> str:
        """Mostly a run that stands so, if there is one."""
        page = await self.twins[0].store.list_runs(RunQuery(status=frozenset(statuses), limit=1_000))
        return self.one_of([run.run_id for run in page])

    async def asked_run(self) -> str:
        """Mostly a run with a pending approval."""
        page = await self.twins[0].store.list_approvals(ApprovalQuery(limit=1_000))
        return self.one_of([approval.run_id for approval in page])

    def one_of(self, run_ids: list[str]) -> str:
        return self.random.choice(run_ids) if run_ids and self.random.random() < 0.9 else self.run_id()

    def session(self) -> str:
        return self.random.choice(list(self.twins[0].sessions)[-3:])

    def actor(self) -> Actor:
        return self.random.choice((ALICE, BOB, CAROL))

    def timeout(self) -> float | None:
        """None mostly; otherwise a time that never comes, or has come before the next call."""
        return self.random.choice((None, None, None, LONG, LONG, AT_ONCE))

    # -- steps ----------------------------------------------------------------------------------------------------

    async def submit(self) -> None:
        rng, run_id = self.random, self.run_id()
        given = spec(
            run_id,
            values={"order": rng.choice((1, 1, 1, 2))},
            shape=rng.choice(SHAPES),
            pool=rng.choice(POOLS),
            labels=rng.choice(LABELS),
            priority=rng.randrange(3),
            delay=rng.choice((None, None, LONG)),
            deadline=self.timeout() if rng.random() < 0.3 else None,
            budget=rng.choice((None, Budget(usd=2.5), Budget(tokens=9, on_exceed="fail"))),
            actor=self.actor(),
        )

        async def call(twin: Twin) -> Any:
            return plain(await twin.store.insert_runs([given, spec(f"{run_id}+")]))

        await self.both(f"submit {run_id}", call)

    async def submit_held(self) -> None:
        run_id, name = f"h{self.run_id()}", self.session()

        async def call(twin: Twin) -> Any:
            (inserted,) = await twin.store.insert_runs([spec(run_id)], session=twin.sessions[name])
            return self._inserted(twin, inserted)

        await self.both(f"submit {run_id} held by {name}", call)

    def _inserted(self, twin: Twin, inserted: Inserted) -> Any:
        if inserted.lease is not None:
            twin.hold(inserted.lease)
        return (inserted.created, _lease(inserted.lease))

    async def open_session(self) -> None:
        name = f"w{len(self.twins[0].sessions)}"
        shape = self.random.choice(((ORDERS,), (), (definition(version="2"),)))

        async def call(twin: Twin) -> None:
            twin.sessions[name] = await twin.scene.session(name, definitions=shape, max_concurrent=5)

        await self.both(f"open {name}", call)

    async def claim(self) -> None:
        name, pool = self.session(), self.random.choice(POOLS)
        labels, limit = self.random.choice(LABELS), self.random.randrange(1, 4)
        versions = self.random.choice((VERSIONS, self.random.sample(VERSIONS, 1)))

        async def call(twin: Twin) -> Any:
            routes = await twin.scene.routes(pool=pool, labels=labels, versions=versions)
            claimed = await twin.store.claim(twin.sessions[name], routes, limit)
            for lease in claimed.runs:
                twin.hold(lease)
            return [_lease(lease) for lease in claimed.runs]

        await self.both(f"{name} claims {limit} of {pool} {labels} {versions}", call)

    async def take(self) -> None:
        name, run_id = self.session(), await self.run_in(RunStatus.PENDING)

        async def call(twin: Twin) -> Any:
            lease = await twin.store.claim_run(twin.sessions[name], run_id)
            if lease is not None:
                twin.hold(lease)
            return _lease(lease)

        await self.both(f"{name} takes {run_id}", call)

    async def assign(self) -> None:
        name, run_id = self.session(), self.run_id()
        await self.both(
            f"assign {run_id} to {name}",
            lambda twin: twin.store.assign(run_id, twin.sessions[name], LONG, BOB),
        )

    async def move(self) -> None:
        if not self.twins[0].owners:
            return
        rng = self.random
        run_id = rng.choice(list(self.twins[0].owners))
        owner = self.twins[0].owners[run_id]
        last = owner.lease.seq + 1 == len(owner.steps)
        move = rng.choice(MOVES)
        if last and move is Move.STEP_DONE:
            move = Move.COMPLETED
        step = owner.step
        fields: dict[str, Any] = {}
        if move is Move.PARK:
            fields = self.asked(step)
        elif move is Move.REFUSED:
            fields["route_version"] = rng.choice(VERSIONS)
            self.refused.add(run_id)
        stale = rng.random() < 0.1

        async def call(twin: Twin) -> Any:
            mine = twin.owners[run_id]
            if stale:
                return await mine.make(move, rev=mine.lease.rev + 1, **fields)
            status = await mine.make(move, **fields)
            if status is not RunStatus.RUNNING:
                del twin.owners[run_id]
            return status

        await self.both(f"{run_id}: {move.name}{' stale' if stale else ''}", call)

    def asked(self, step: str) -> dict[str, Any]:
        """What a step waits for when it parks: people, signals or a time. No two of them can be there at once."""
        rng, requests, waits = self.random, [], []
        if rng.random() < 0.5:
            for gate in rng.sample(("lead", "legal"), rng.randrange(1, 3)):
                policy, timeout = rng.choice(POLICIES), self.timeout()
                if policy.on_timeout == "escalate":
                    timeout = rng.choice((LONG, AT_ONCE))
                requests.append(
                    ask(gate, step=step, context=rng.randrange(2), policy=policy, timeout=timeout)
                )
        if not requests or rng.random() < 0.4:
            if rng.random() < 0.3:
                waits.append(timer("now", step=step, delay=0.0))
            else:
                waits += [listen(name, name, step=step) for name in rng.sample(SIGNALS, rng.randrange(1, 3))]
                if rng.random() < 0.5:
                    waits.append(timer("later", step=step))
        return {"requests": tuple(requests), "waits": tuple(waits)}

    async def signal(self) -> None:
        run_id = await self.run_in(*set(RunStatus) - TERMINAL)
        name, sender = self.random.choice(SIGNALS), self.actor()
        payload = self.random.randrange(100)

        async def call(twin: Twin) -> Any:
            signal = await twin.scene.signal(run_id, name, payload, by=sender)
            return (signal.name, signal.payload, signal.sender, signal.taken)

        await self.both(f"{sender.name}: signal {name} to {run_id}", call)

    async def fork(self) -> None:
        rng, source, actor = self.random, await self.run_in(*RunStatus), self.actor()
        run_id = rng.choice((f"f{source}", f"f{source}", self.run_id()))
        step = rng.choice((None, "fetch", "judge", "file", "nothing"))
        if source in self.refused:
            return  # which route it takes isn't said
        given = ForkSpec(source, run_id, actor, "because", step)

        async def call(twin: Twin) -> Any:
            return plain(replace(await twin.store.fork_run(given), session=None))["steps_done"]

        await self.both(f"{actor.name}: fork {source} to {run_id} from {step}", call)

    async def call(self) -> None:
        """A few calls of a few held runs together; some are known already, some are by nobody who owns the run."""
        rng, held = self.random, list(self.twins[0].owners)
        if not held:
            return
        made: list[tuple[str, dict[str, Any]]] = [
            (
                rng.choice(held),
                {
                    "token": rng.choice((0, 0, 0, 0, 1)),
                    "branch": rng.choice(("", "left")),
                    "name": rng.choice(("writer", "critic")),
                    "position": rng.randrange(1, 4),
                    "kind": rng.choice(("model", "model", "once", "void")),
                    "model": rng.choice(("gpt-4o", "mine")),
                    "cost": rng.choice((0.25, 0.5, None)),
                    "response": str(rng.randrange(100)),
                },
            )
            for _ in range(rng.randrange(1, 6))
        ]

        async def record(twin: Twin) -> Any:
            return await twin.store.record_calls(
                [_call(twin.owners[run_id], **each) for run_id, each in made]
            )

        await self.both(f"calls of {', '.join(run_id for run_id, _ in made)}", record)

    async def attend(self) -> None:
        rng, actor, run_id = self.random, self.actor(), await self.asked_run()
        place, attention = rng.choice((0, 0, 1, 2)), rng.choice(list(Attention))
        seconds = rng.choice((LONG, LONG, 0.0))

        async def call(twin: Twin) -> Any:
            approval_id = await twin.approval_id(run_id, place)
            approval = await twin.store.attend(approval_id, attention, actor, seconds=seconds, text="hm")
            return (approval.status, approval.claimed_by, approval.snoozed_until is None)

        await self.both(f"{actor.name}: {attention} {run_id} #{place} for {seconds}", call)

    async def decide(self) -> None:
        rng, run_id = self.random, await self.asked_run()
        place = rng.choice((None, None, 0, 1, 2))
        seen = rng.choice((None, None, None, "stored", "0" * 64))
        verdict = rng.choice((Verdict.APPROVE, Verdict.APPROVE, Verdict.APPROVE, Verdict.REJECT))
        reviewer, shared = self.actor(), rng.random() < 0.1

        async def call(twin: Twin) -> Any:
            approval_id = None if place is None else await twin.approval_id(run_id, place)
            digest = seen
            if seen == "stored":
                approvals = await twin.store.approvals_of(run_id)
                digest = approvals[-1].digest if approvals else None
            request = DecisionRequest(
                run_id, verdict, reviewer, "because", approval_id, digest, shared=shared
            )
            approval = await twin.store.decide(request)
            return (approval.status, len(approval.decisions))

        await self.both(
            f"{reviewer.name}: {verdict} {run_id} #{place} having seen {seen}{' shared' if shared else ''}",
            call,
        )

    async def operate(self) -> None:
        run_id, verb, actor = self.run_id(), self.random.choice(VERBS), self.actor()
        priority = self.random.randrange(3)

        async def call(twin: Twin) -> Any:
            return (await twin.store.operate(run_id, verb, actor, "because", priority=priority)).status

        await self.both(f"{actor.name}: {verb} {run_id}", call)

    async def hold(self) -> None:
        """What stepping through a run takes: it is paused, or goes a single step."""
        rng, verb = self.random, self.random.choice((Operation.PAUSE, Operation.STEP, Operation.STEP))
        wanted = (RunStatus.PAUSED,) if verb is Operation.STEP else (RunStatus.PENDING, RunStatus.RUNNING)
        run_id, actor = await self.run_in(*wanted), rng.choice((ALICE, BOB))
        name, shown = self.session(), rng.random() < 0.3

        async def call(twin: Twin) -> Any:
            assigned = shown and await twin.store.assign(run_id, twin.sessions[name], LONG, actor)
            run = await twin.store.operate(run_id, verb, actor, "to see")
            return (assigned, run.status, run.asked)

        await self.both(f"{actor.name}: {verb} {run_id}{f', shown to {name}' if shown else ''}", call)

    async def beat(self) -> None:
        name, status = self.session(), self.random.choice(("active", "active", "draining", "paused"))

        async def call(twin: Twin) -> Any:
            beat = await twin.store.heartbeat(twin.sessions[name], status=status)  # type: ignore[arg-type]
            return (beat.alive, beat.asked, [(held.run_id, held.token, held.asked) for held in beat.held])

        await self.both(f"{name} beats {status}", call)

    async def close(self) -> None:
        name = self.session()
        await self.both(f"close {name}", lambda twin: twin.store.close_session(twin.sessions[name]))
        await self.open_session()

    async def lapse(self) -> None:
        name = self.session()

        async def call(twin: Twin) -> Any:
            return (await twin.store.lapse_sessions([twin.sessions[name]]), await twin.store.tick())

        await self.both(f"{name} lapses", call)
        await self.open_session()

    async def ask_session(self) -> None:
        name, wanted = self.session(), self.random.choice((Ask.DRAIN, Ask.PAUSE, Ask.RESUME))

        async def call(twin: Twin) -> Any:
            return (await twin.store.ask_session(twin.sessions[name], wanted, BOB, "")).asked

        await self.both(f"ask {name} to {wanted}", call)

    async def ask_pool(self) -> None:
        """Mostly resumed: of a paused one nobody claims."""
        pool = self.random.choice((*POOLS, "idle"))
        wanted = self.random.choice((Ask.PAUSE, Ask.RESUME, Ask.RESUME, Ask.DRAIN, Ask.CANCEL))
        await self.both(
            f"ask pool {pool} to {wanted}", lambda twin: twin.store.ask_pool(pool, wanted, BOB, "because")
        )


async def _ending(call: Awaitable[Any]) -> Any:
    try:
        return await call
    except SagewaiError as error:
        return type(error)


def _call(owner: Owner, *, token: int, **fields: Any) -> CallRecord:
    """A call under the owner's token, or one off it."""
    lease = owner.lease
    return CallRecord(
        key=lease.key,
        token=lease.token + token,
        seq=lease.seq,
        step=owner.step,
        attempt=lease.attempt,
        round=0,
        digest="0" * 64,
        request=None,
        input_tokens=3,
        output_tokens=None,
        **fields,
    )


def _lease(lease: LeasedRun | None) -> Any:
    return None if lease is None else plain(replace(lease, key=0, rev=0))


def difference(first: Any, second: Any, place: str = "") -> str:
    """Where two pictures differ first, and what each shows there."""
    if isinstance(first, dict) and isinstance(second, dict):
        for key in sorted(first.keys() | second.keys()):
            if first.get(key) != second.get(key):
                return difference(first.get(key), second.get(key), f"{place}.{key}")
    if isinstance(first, list) and isinstance(second, list) and len(first) == len(second):
        for at, (one, other) in enumerate(zip(first, second, strict=True)):
            if one != other:
                return difference(one, other, f"{place}[{at}]")
    return f"{place}: the reference has {first!r}, the other {second!r}"


def timeless(shown: dict[str, Any], twin: Twin) -> dict[str, Any]:
    """A picture without what may differ: times, ids that the store gave, and the order of what happened at once."""
    names: dict[Any, str] = {given: name for name, given in twin.sessions.items()}
    places = {
        approval["id"]: place
        for history in shown["histories"].values()
        for place, approval in enumerate(history["approvals"])
    }
    sent = {
        signal["id"]: place
        for history in shown["histories"].values()
        for place, signal in enumerate(history["signals"])
    }

    def strip(value: Any) -> Any:
        if isinstance(value, list):
            return [strip(item) for item in value]
        if not isinstance(value, dict):
            return value
        kept = {
            key: value[key] is not None if key.endswith(("_at", "_until")) else strip(item)
            for key, item in value.items()
            if key not in _TIMES
        }
        if "session" in kept:
            kept["session"] = names.get(kept["session"])
        if "approval_id" in kept:
            kept["approval_id"] = places[kept["approval_id"]]
        if "signal_id" in kept:
            kept["signal_id"] = sent[kept["signal_id"]]
        kept.pop("id", None)
        return kept

    def unordered(rows: list[Any]) -> list[Any]:
        return sorted(rows, key=repr)

    for entry in shown["audit"]:
        entry["detail"] = json.loads(entry["detail"])
    result: dict[str, Any] = {part: strip(value) for part, value in shown.items()}
    for history in result["histories"].values():
        history["events"] = unordered(history["events"])
    for part in ("acted", "audit", "dead", "sessions", "inbox"):
        result[part] = unordered(result[part])
    return result


_TIMES = frozenset({"at", "hash", "number"})
