"""What a store with a long history asks for a claim, a checkpoint, a page or a pruning, beside a small one, in one run.

The small store holds enough for every page to be full. Both sides are measured by turns, so that what else the machine
does falls on both. What takes less than SLACK may take that much more: at so little the clock measures the machine.
"""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field, replace
from itertools import count
from statistics import median

from sagewai.core.stores.base import Store
from sagewai.models.page import MAX_PAGE, ApprovalQuery, DeadLetterQuery, RunQuery
from sagewai.models.run import LeasedRun
from sagewai.models.status import Outcome, RunStatus
from sagewai.models.transition import Move, Transition
from tests.bench import stock

FULL = stock.Stock()
SMALL = stock.Stock(ended=8_000, pending=8_000, running=800)
MOST = 1.5
"""So many times the small store's cost."""

SLACK = 0.3
"""Milliseconds."""

MANY = 50
"""Runs of a claim and of a batch."""

FEW = 10
"""Rows of a page by what few runs have: so many have it in the small store too."""

DEEP_PAGES = {True: 60, False: 10}
"""Pages of MAX_PAGE before a deep one, in the full store and in the small one; half of all that there are, if fewer."""

ROUNDS = 15


@dataclass(frozen=True, slots=True)
class Grown:
    """One figure of the full store beside its limit; ``small`` is the same of the small store."""

    name: str
    ours: float
    limit: float
    unit: str
    small: float

    @property
    def kept(self) -> bool:
        """Of milliseconds there may be no more than the limit, of a rate no less."""
        return self.ours <= self.limit if self.unit == "ms" else self.ours >= self.limit


@dataclass(slots=True)
class Side:
    """One of the two stores, and who works in it."""

    store: Store
    full: bool
    session: int = 0
    routes: tuple[int, ...] = ()
    held: list[LeasedRun] = field(default_factory=list)
    numbers: count[int] = field(default_factory=count)
    deep: dict[str, str | None] = field(default_factory=dict)

    async def begin(self) -> None:
        self.session = await stock.open_session(self.store)
        offered = {workflow: ["", "1"] for workflow in stock.WORKFLOWS}
        self.routes = (await self.store.resolve_routes(stock.POOLS[0], {}, offered)).ids
        for name, query in PAGES.items():
            cursors: list[str | None] = [None]
            for _ in range(DEEP_PAGES[self.full]):
                page = await self.store.list_runs(replace(query, cursor=cursors[-1], limit=MAX_PAGE))
                if page.next_cursor is None:  # what comes last gets pruned meanwhile
                    del cursors[len(cursors) // 2 + 1 :]
                    break
                cursors.append(page.next_cursor)
            self.deep[name] = cursors[-1]

    async def submit(self, runs: int) -> None:
        flows = stock.WORKFLOWS
        await self.store.insert_runs(
            [stock.spec(f"new-{next(self.numbers)}", flows[n % len(flows)]) for n in range(runs)]
        )

    async def claim(self) -> None:
        self.held = list((await self.store.claim(self.session, self.routes, MANY)).runs)
        assert len(self.held) == MANY

    async def record(self) -> None:
        """The next step of all that is held; the last one completes them."""
        steps, seq = stock.STEPS, self.held[0].seq
        last = seq + 1 == len(steps)
        moves = [
            Transition(
                key=run.key,
                token=run.token,
                rev=run.rev,
                move=Move.COMPLETED if last else Move.STEP_DONE,
                outcome=Outcome.COMPLETED,
                seq=seq,
                step=steps[seq],
                attempt=1,
                result='"' + "y" * 198 + '"',
                next_step=None if last else steps[seq + 1],
            )
            for run in self.held
        ]
        assert None not in await self.store.record(moves)
        self.held = [replace(run, rev=run.rev + 1, seq=seq + 1) for run in self.held]

    async def claimed(self, steps: int = 0) -> None:
        await self.claim()
        for _ in range(steps):
            await self.record()

    async def age(self) -> None:
        """Something to prune, where there isn't plenty."""
        if not self.full:
            await stock.add(self.store, "ended", 1_000, 100.0, 0.001)

    async def prune(self) -> None:
        assert await self.store.prune(20 * 86_400.0 if self.full else 50 * 86_400.0, limit=1_000) == 1_000

    async def page(self, query: RunQuery) -> None:
        assert (await self.store.list_runs(query)).items


PAGES = {
    "all": RunQuery(),
    "pending": RunQuery(status=frozenset({RunStatus.PENDING})),
    "completed": RunQuery(status=frozenset({RunStatus.COMPLETED})),
    "failed": RunQuery(status=frozenset({RunStatus.FAILED})),
    "a workflow": RunQuery(workflow=stock.WORKFLOWS[3]),
    "a workflow's running": RunQuery(workflow=stock.WORKFLOWS[3], status=frozenset({RunStatus.RUNNING})),
    "a pool": RunQuery(pool=stock.POOLS[1]),
    "a pool's pending": RunQuery(pool=stock.POOLS[1], status=frozenset({RunStatus.PENDING})),
    "a tag": RunQuery(tag=("customer", "c7"), limit=FEW),
    "a common prefix": RunQuery(prefix=stock.WORKFLOWS[3]),
    "a rare prefix": RunQuery(prefix="first-", limit=FEW),
    "last changed": RunQuery(order="changed"),
    "last changed of a status": RunQuery(order="changed", status=frozenset({RunStatus.COMPLETED})),
    "last changed of a workflow": RunQuery(order="changed", workflow=stock.WORKFLOWS[3]),
    "last changed with a tag": RunQuery(order="changed", tag=("customer", "c7"), limit=FEW),
}

Act = Callable[[Side], Awaitable[object]]
Clock = Callable[[], float]


async def _nothing(_: Side) -> None: ...


def operations() -> dict[str, tuple[Act, Act]]:
    """By name, what is done before and what is measured."""
    found: dict[str, tuple[Act, Act]] = {
        "submit 1": (_nothing, lambda side: side.submit(1)),
        "submit 100": (_nothing, lambda side: side.submit(100)),
        "claim 50": (_nothing, Side.claim),
        "checkpoint 50": (Side.claimed, Side.record),
        "complete 50": (lambda side: side.claimed(len(stock.STEPS) - 1), Side.record),
        "prune 1,000": (Side.age, Side.prune),
        "sweep": (_nothing, lambda side: side.store.tick()),
        "counts": (_nothing, lambda side: side.store.counts()),
        "pools": (_nothing, lambda side: side.store.list_pools()),
        "sessions": (_nothing, lambda side: side.store.list_sessions()),
        "rates": (_nothing, lambda side: side.store.rates()),
        "events of people": (_nothing, lambda side: side.store.get_events(limit=50)),
        "approvals": (_nothing, lambda side: side.store.list_approvals(ApprovalQuery())),
        "bulk jobs": (_nothing, lambda side: side.store.list_bulks()),
        "dead letters": (_nothing, lambda side: side.store.list_dead_letters(DeadLetterQuery())),
        "dead letters by error": (_nothing, lambda side: side.store.group_dead_letters()),
    }

    def page(name: str, query: RunQuery, *, deep: bool) -> Act:
        return lambda side: side.page(replace(query, cursor=side.deep[name] if deep else None))

    for name, query in PAGES.items():
        found[f"page of {name}"] = (_nothing, page(name, query, deep=False))
        found[f"deep page of {name}"] = (_nothing, page(name, query, deep=True))
    return found


async def growth(
    full: Store,
    small: Store,
    *,
    rounds: int = ROUNDS,
    clocks: tuple[Clock, Clock] = (time.perf_counter, time.perf_counter),
) -> list[Grown]:
    """Milliseconds of each operation (medians) in a store filled with FULL, beside one filled with SMALL. ``clocks``
    give seconds for each: of the wall, or of the processor time that its server has used."""
    sides = (Side(full, full=True), Side(small, full=False))
    for side in sides:
        await side.begin()
    taken: dict[str, tuple[list[float], list[float]]] = {name: ([], []) for name in operations()}
    for turn in range(rounds + 2):
        for name, (before, act) in operations().items():
            for side, clock, samples in zip(sides, clocks, taken[name], strict=True):
                await before(side)
                since = clock()
                await act(side)
                if turn >= 2:
                    samples.append((clock() - since) * 1e3)
    return [_figure(name, *samples) for name, samples in taken.items()]


def _figure(name: str, full: Sequence[float], small: Sequence[float]) -> Grown:
    base = median(small)
    return Grown(name, median(full), max(base * MOST, base + SLACK), "ms", base)
