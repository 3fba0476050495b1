"""The store contract: what every store promises, and the only thing the engine knows about databases.

Rules that hold for every method:

- Time is the store's own clock. No argument carries a point in time, only durations in seconds.
- What is returned is the caller's: values are immutable, and changing what went in changes nothing stored.
- A write is one transaction. It either happened wholly or raised; ``StoreUnavailable`` alone leaves that unknown.
- Locks are taken in one order: runs by key, then approvals, then everything else.
- Methods are safe to call from several event loops and threads; what a loop opened, ``close`` in that loop closes.
- Every method opens the store by itself; ``initialize`` also migrates.
- Counters, events and dead letters are written by the statement that causes them.
- A write of a text with NUL or a lone surrogate raises StoreRefused (``codec.require_storable``); nothing is written.
- What nobody asked for is done by ``SYSTEM``; what an ask led to (CANCELLED, PAUSED) is its asker's, with that reason.
- ``rev`` rises with a claim, an owner's move and whatever takes a run from its owner, and with nothing else: it tells
  an owner whether its write was made. What operators, timers and reviewers do leaves (token, rev) alone.
"""

from __future__ import annotations

import asyncio
import threading
from abc import abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, Self, TypeVar, cast
from weakref import WeakKeyDictionary

from sagewai.core.stores.bulks import Bulks
from sagewai.core.stores.journal import Journal
from sagewai.core.stores.people import People
from sagewai.core.stores.readings import Readings
from sagewai.core.stores.retention import Retention
from sagewai.errors import InvalidOptionError
from sagewai.models.actor import Actor
from sagewai.models.run import (
    ErrorInfo,
    ForkSpec,
    Inserted,
    LabelValue,
    LeasedRun,
    Run,
    RunHead,
    RunSpec,
)
from sagewai.models.session import Beat, Session, SessionSpec
from sagewai.models.status import Ask, RunStatus
from sagewai.models.transition import Transition

C = TypeVar("C")

_companions_lock = threading.Lock()

POISON_LIMIT = 5
"""Takeovers since the last recorded attempt, suspension or release after which a run is given up."""

SUSPECT_AFTER = 2
"""From this many takeovers on a run is a suspect: a session holds at most one, and dies on its account alone."""

DEADLINE_PASSED = ErrorInfo(
    type="sagewai.errors.RunDeadlineExceeded",
    message="the run wasn't over at its deadline",
)
"""The recorded error of a run that ``tick`` ended at its deadline."""

POISONED = ErrorInfo(
    type="sagewai.errors.PoisonedRun",
    message=f"lost its worker {POISON_LIMIT} times in a row without recording anything: its step may kill the process",
)
"""The recorded error of a run that is given up."""

EXPIRED_REASON = "an approval passed its deadline"
"""Why a run that ``tick`` rejected ended."""

Topic = Literal["work", "done"]
"""``work``: some run became ready. ``done``: some run came to rest (terminal, waiting or paused)."""


_POOL_ASKS = (Ask.PAUSE, Ask.RESUME, Ask.DRAIN)


def check_pool_ask(pool: str, ask: Ask) -> None:
    """Raise InvalidOptionError unless a pool of this name can be asked that."""
    if not pool or ask not in _POOL_ASKS:
        raise InvalidOptionError(
            f"pool {pool!r} can't be asked to {ask}: name a pool, and {', '.join(_POOL_ASKS)}"
        )


@dataclass(frozen=True, slots=True)
class Routes:
    """The routes a worker satisfies. ``newest`` is the highest route id that existed when they were resolved."""

    ids: tuple[int, ...]
    newest: int


@dataclass(frozen=True, slots=True)
class Claimed:
    """What a claim gave. Routes are resolved again when ``newest_route`` is past the one the caller knows."""

    runs: tuple[LeasedRun, ...]
    newest_route: int


@dataclass(frozen=True, slots=True)
class Ticked:
    """What one sweep did. ``more`` says that a batch was full, so another sweep would find work at once."""

    lapsed_sessions: int = 0
    taken_over: int = 0
    poisoned: int = 0
    woken: int = 0
    expired: int = 0
    escalated: int = 0
    cancelled: int = 0
    timed_out: int = 0
    more: bool = False


@dataclass(frozen=True, slots=True)
class StoreInfo:
    """``url`` has no password. ``schema`` is the newest migration applied, ``expected`` the newest this code knows."""

    kind: Literal["memory", "sqlite", "postgres"]
    url: str
    schema: int
    expected: int
    server: str


class Store(People, Readings, Journal, Bulks, Retention):
    """One place where runs live."""

    payload_limit: int
    """Bytes of one encoded payload; the engine checks it before anything is handed over."""

    writes_abreast = 1
    """How many batches of transitions are worth having under way at once: more than one where the store works on them
    beside its client."""

    def companion(self, make: Callable[[Self], C]) -> C:
        """What lives beside this store in the running event loop: made by ``make`` once per loop, then the same."""
        loop = asyncio.get_running_loop()
        with _companions_lock:
            beside: WeakKeyDictionary[asyncio.AbstractEventLoop, dict[object, object]]
            beside = self.__dict__.setdefault("_companions", WeakKeyDictionary())
            mine = beside.setdefault(loop, {})
        if make not in mine:
            mine[make] = make(self)
        return cast(C, mine[make])

    def dismiss(self, make: Callable[[Self], object]) -> None:
        """Forget what ``make`` made for the running event loop: what refers to its loop would keep both for ever."""
        self.__dict__.get("_companions", {}).get(asyncio.get_running_loop(), {}).pop(make, None)

    # -- life -----------------------------------------------------------------------------------------------------

    @abstractmethod
    async def initialize(self) -> None:
        """Open the store and bring its schema up to date; where the rights for that are missing, verify it instead.

        Raises SchemaError when the schema needs newer code or was altered, StoreUnavailable when nothing answers.
        """

    @abstractmethod
    async def close(self) -> None:
        """Close what this event loop opened. The store opens again when it is used again."""

    async def __aenter__(self) -> Self:
        await self.initialize()
        return self

    async def __aexit__(self, *exc_info: object) -> None:
        await self.close()

    @abstractmethod
    async def info(self) -> StoreInfo:
        """What this store is, for a badge and ``sagewai db check``; does not migrate."""

    @abstractmethod
    async def free_space(self) -> float | None:
        """The free share (0 to 1) of the disk that the store lives on, None where this process can't know it."""

    @abstractmethod
    async def now(self) -> datetime:
        """The store's clock, aware and UTC."""

    @abstractmethod
    async def wait(self, topic: Topic, timeout: float) -> bool:
        """Return True early when the topic was heard of since the last ``wait`` of this topic in this event loop
        returned (a hint: may be missed, may be false), False after ``timeout`` seconds."""

    # -- submitting -----------------------------------------------------------------------------------------------

    @abstractmethod
    async def insert_runs(self, specs: Sequence[RunSpec], *, session: int | None = None) -> list[Inserted]:
        """Record runs, all or none, in order; each becomes pending, or waiting (timer) when it has a ``delay``.

        With ``session`` each new run without delay is held by that session at once (token 1, running); it is pending
        when that session isn't active and live. A run_id that exists, earlier in the same call too, is left alone:
        ``created`` is False. Raises RunInputMismatch, and records nothing, when one exists with another workflow or
        input digest; LabelError for labels or tags that can't be compared. The events SUBMITTED (and CLAIMED) commit
        with the rows. A run without a definition takes the one that the session opened last brought for its workflow,
        if any, and its version unless it has one. ``actor`` None is SYSTEM.
        """

    @abstractmethod
    async def fork_run(self, spec: ForkSpec) -> Run:
        """Record a pending run with the source's workflow, definition, version, pool, labels, priority, tags and
        budget, and a copy of its recorded steps before ``from_step``: each attempt that completed one, under token 0,
        with its times. No deadline, approval, wait, signal or call is copied. Events: SUBMITTED and FORKED of the new
        run, FORKED of the source, all by the actor. Legal whatever the source's status.

        The same fork again (source, step, input) gives the run that exists. Raises RunNotFound, RunExists,
        InvalidOptionError when ``from_step`` isn't a step of the source's definition, lies after its first step without
        a result, or isn't given although every step has one; UnknownWorkflow when no code of the source has been seen.
        """

    # -- sessions -------------------------------------------------------------------------------------------------

    @abstractmethod
    async def open_session(self, spec: SessionSpec) -> int:
        """Record a session with a fresh lease, and the definitions it brings; gives its id. Ids rise."""

    @abstractmethod
    async def heartbeat(
        self, session: int, *, status: Literal["active", "draining", "paused"] = "active"
    ) -> Beat:
        """Renew the session's lease by its lease_ttl and read back what it holds and what is asked.

        A session that stopped, or whose lease is over, swept or not, is not revived: ``alive`` is False and nothing is
        written. Reading clears no ask of a run (the transition does); an ask of the session is cleared once ``status``
        fulfils it (DRAIN: draining, PAUSE: paused, RESUME: active). ``held`` is ordered by key.
        """

    @abstractmethod
    async def close_session(self, session: int) -> None:
        """Mark it stopped and release whatever it still holds, as Move.RELEASED would. A session that is over stays
        as it is."""

    @abstractmethod
    async def lapse_sessions(self, sessions: Sequence[int]) -> int:
        """End the lease of sessions whose process is proven dead, now; the next ``tick`` takes their runs over. Gives
        how many had one."""

    @abstractmethod
    async def list_sessions(self, *, live_only: bool = False, limit: int = 500) -> list[Session]:
        """Sessions, live ones first, then the newest; those stopped or lapsed for more than a day are left out."""

    @abstractmethod
    async def ask_session(self, session: int, ask: Ask, actor: Actor, reason: str) -> Session:
        """Ask a session to drain, pause or resume (event WORKER_ASKED, of no run). Raises WorkerNotFound when it
        doesn't live."""

    @abstractmethod
    async def ask_pool(self, pool: str, ask: Ask, actor: Actor, reason: str = "") -> int:
        """Ask a pool to pause, to resume or to drain, in one transaction with the event POOL_ASKED (of no run).

        PAUSE and RESUME are kept with the pool: until it is resumed no claim gives a run of it (``claim_run`` does), to
        workers that begin later neither. DRAIN asks every live worker of the pool, as ``ask_session`` does. Gives how
        many live workers the pool has. Raises InvalidOptionError for another ask or a pool without a name.
        """

    # -- claiming -------------------------------------------------------------------------------------------------

    @abstractmethod
    async def resolve_routes(
        self, pool: str, labels: Mapping[str, LabelValue], workflows: Mapping[str, Sequence[str]]
    ) -> Routes:
        """The routes with that pool, one of the workflows at one of its versions, and labels contained in ``labels``.

        A route's version is what the run was submitted with ('' for none), or the ``route_version`` of a REFUSED.
        """

    @abstractmethod
    async def claim(self, session: int, routes: Sequence[int], limit: int) -> Claimed:
        """Take up to ``limit`` ready runs of these routes, highest priority first, then first submitted.

        Each gets a higher token and rev + 1, status running, its step's start time, and an event CLAIMED. Two claimers
        never get the same run. A run assigned to another session is passed over until the assignment ends. A session
        that holds a suspect (see SUSPECT_AFTER) gets no other suspect, and one claim gives at most one. A session that
        isn't active and live gets nothing. A run without a definition takes the session's for its workflow, with its
        version and steps. The claim ends an assignment.
        """

    @abstractmethod
    async def claim_run(self, session: int, run_id: str) -> LeasedRun | None:
        """Take this one run if it is pending, whatever its route, assignment or suspicion; None if it isn't, or if the
        session isn't active and live. Raises RunNotFound."""

    @abstractmethod
    async def assign(self, run_id: str, session: int, seconds: float, actor: Actor) -> bool:
        """Show a pending run to one session alone for some seconds (event ASSIGNED), or a paused one, should it be
        resumed or stepped within them; False if it is neither or the session doesn't live. Raises RunNotFound."""

    # -- the owner's moves ----------------------------------------------------------------------------------------

    @abstractmethod
    async def record(self, transitions: Sequence[Transition]) -> list[RunStatus | None]:
        """Make moves of different runs, all in one transaction; gives each run's new status, in order.

        None means that (token, rev) did not match a running run: nothing of that transition was written. Each other
        one raised rev by 1, wrote its attempt, and follows :func:`sagewai.core.transitions.settle` for ``asked`` and
        ``wakeups``. Requires: at most one transition per run. STEP_DONE moves to ``next_step``, attempt 1; COMPLETED
        has no step left. RETRY and RETRY_LATER raise the attempt; RETRY's next attempt starts ``delay`` from now. Every
        move resets the takeover count. A run that leaves running has no session, and nothing is asked of it any more.
        FAILED writes the dead letter. A move that ends the run, an honoured CANCEL too, closes its pending approvals as
        cancelled.

        REFUSED moves the run to the route of its pool, workflow, labels and ``route_version``; its attempt is RELEASED
        with the error.

        PARK records each wait that the run doesn't have yet under its (step, branch, key), due from now on, and leaves
        those it has alone. Each pending one for a signal takes the oldest signal of its name that none took (FIRED),
        and one that is due is settled at once. When any of the requested waits is settled, the run is woken. Else it
        waits for (approval if one is pending, signal, timer: the first that applies) until the earliest ``due_at``.

        PARK leaves a gate alone whose newest approval has the request's (step, branch, gate, digest) and is neither
        superseded nor cancelled: it waits already, or was decided meanwhile. Any other request becomes a pending
        approval and supersedes what the gate asked before, decided or not. Pending approvals of other steps are closed
        as cancelled. A PARK that ends as cancelled requests nothing.

        Events: RETRY_LATER and PARK: WAITING; a woken PARK: WOKEN (approval when it has requests, else the settled
        wait's kind, else signal); RELEASED, REFUSED (the error's message as reason), COMPLETED, FAILED by that name;
        CANCELLED and PAUSED also for an honoured ask; one for each approval requested, superseded or cancelled.
        STEP_DONE, RETRY and REJECTED: none, their attempt says it. Raises StoreRefused, nothing written, when the
        database refuses somebody's data.
        """

    @abstractmethod
    async def heads(self, keys: Sequence[int]) -> dict[int, RunHead]:
        """(token, rev, status) now, to learn what became of a write whose reply was lost."""

    # -- sweeping -------------------------------------------------------------------------------------------------

    @abstractmethod
    async def tick(self, limit: int = 500) -> Ticked:
        """Do what time has made due, in batches of ``limit``; safe to run anywhere, any number at once.

        Sessions past their lease lapse. Their runs become pending under a higher token and rev (attempt LOST under the
        old token with the same attempt number, event TAKEN_OVER, takeovers + 1); when the session held a suspect, only
        suspects are counted. A run that was asked to cancel becomes cancelled instead, one at POISON_LIMIT failed with
        the error POISONED and a dead letter, one asked to pause paused: in this order, each with its event beside
        TAKEN_OVER. A run asked to cancel whose owner lives but hasn't obeyed for twice its lease_ttl since it was first
        asked is cancelled under a higher token and rev (attempt CANCELLED). A run that isn't over at its deadline fails
        with the error DEADLINE_PASSED and a dead letter, its approvals are cancelled (events DEADLINE_PASSED, FAILED);
        a running one under a higher token and rev (attempt TIMED_OUT). Due timers become pending (wakeups + 1,
        event WOKEN: ``timer`` after a delayed submit or where a wait was due, ``retry`` after a failed attempt); all of
        the run's waits that are due are settled. A pending approval past its deadline escalates while its ladder has a
        rung left: level + 1, a new deadline its timeout after the old one's passing was seen, event APPROVAL_ESCALATED.
        Otherwise it expires (event APPROVAL_EXPIRED, wakeups + 1); its run is rejected for EXPIRED_REASON unless it is
        running: then it meets the expiry when it parks. Counter deltas are folded.
        """
