"""What the gateway hands to screens: facts whose text is safe to draw, and the ids that actions are pinned to."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Generic, Literal, TypeVar

from sagewai.models.status import Ask, RunStatus, WaitReason
from tui.format import Cell
from tui.lanes import History
from tui.payload import Line


@dataclass(frozen=True, slots=True)
class Ref:
    """An id to act on and how it is shown. Only ``text`` is ever drawn: ``str()`` and ``repr()`` give nothing else."""

    raw: str = field(repr=False)
    text: str = field(compare=False)

    def __str__(self) -> str:
        return self.text


R = TypeVar("R")


@dataclass(frozen=True, slots=True)
class Window(Generic[R]):
    """Some rows of a listing. ``cursor`` leads on, None at the end; ``looked`` rows were read to find these, and
    ``stopped`` says that this was all that may be read at once."""

    rows: tuple[R, ...]
    cursor: str | None = None
    looked: int = 0
    stopped: bool = False


@dataclass(frozen=True, slots=True)
class RunRow:
    """A run in a table."""

    key: Ref
    status: RunStatus
    wait: WaitReason | None
    asked: Ask | None
    workflow: str
    cells: Mapping[str, Cell]

    @property
    def is_held(self) -> bool:
        """Paused, or asked to pause."""
        return self.status is RunStatus.PAUSED or self.asked is Ask.PAUSE


@dataclass(frozen=True, slots=True)
class Fact:
    """A line of a heading or card: what it is about, and what it says."""

    name: str
    value: Cell


@dataclass(frozen=True, slots=True)
class Taker:
    """Which local worker gets a run first when it is let go: its session and its name. Without a session any worker of
    its pool does, and ``why`` says why no local one."""

    session: int | None
    name: str = ""
    why: str = ""


@dataclass(frozen=True, slots=True)
class RunView:
    """One run as the Run screen and the preview draw it."""

    row: RunRow
    facts: tuple[Fact, ...]
    history: History
    notes: tuple[Line, ...]
    """What an operator should know before anything else: the error, who rejected it and why, what was asked."""
    cost: Cell | None = None
    """What its model calls have cost, of what they may; None where that wasn't read."""
    saying: Line | None = None
    """The end of what a model is answering the running step."""
    called: Hashable = None
    """Differs when the calls that were read do."""
    steps: tuple[Ref, ...] = ()
    """The step of each lane."""
    held: str = ""
    """What it means that it is held, or will be; '' where nobody holds it."""
    here: Taker | None = None
    """Who gets it first when it is let go, where this console holds it."""


Tab = Literal["input", "output", "error", "attempts", "model calls", "events", "raw"]


@dataclass(frozen=True, slots=True)
class ApprovalRow:
    """A pending approval in the inbox. A decision on it names ``key`` and ``digest``. ``is_answered``: this console's
    user has approved it, and it waits for others."""

    key: int
    run: Ref
    digest: Ref
    workflow: str
    cells: Mapping[str, Cell]
    is_answered: bool = False


Claim = Literal["", "mine", "other"]
Editing = Literal["", "content", "budget"]


@dataclass(frozen=True, slots=True)
class Card:
    """Everything a reviewer sees before deciding. ``content`` has a table where ``plain`` has JSON. ``decidable`` is
    False once it was decided, superseded or closed, or when the content's digest isn't the one on record.

    ``read_to_end``: its gate asks for that first. ``claimed`` says by whom and until when. ``editing`` is what of it
    may be changed, ``units`` what a budget bounds. ``difference`` is what changed ``compared`` with what, '' where
    there is nothing to compare; ``successor`` is the approval that asks in the place of a superseded one.
    """

    key: int
    run: Ref
    digest: Ref
    title: tuple[Cell, ...]
    facts: tuple[Fact, ...]
    content: tuple[Line, ...]
    plain: tuple[Line, ...]
    before: tuple[Line, ...]
    decidable: bool
    read_to_end: bool = False
    claim: Claim = ""
    claimed: str = ""
    is_snoozed: bool = False
    editing: Editing = ""
    units: tuple[str, ...] = ()
    compared: str = ""
    difference: tuple[Line, ...] = ()
    successor: int | None = None


@dataclass(frozen=True, slots=True)
class Draft:
    """An edit of the content of approval ``key``, which had ``digest``: its JSON, and what it changes."""

    key: int
    digest: Ref
    payload: Ref
    difference: tuple[Line, ...]


@dataclass(frozen=True, slots=True)
class PoolRow:
    """A pool. ``paused``: no worker takes anything from it."""

    key: Ref
    cells: Mapping[str, Cell]
    paused: bool = False


@dataclass(frozen=True, slots=True)
class WorkerRow:
    """A worker or a script. ``session`` is its session's id, None for a local worker without one; ``live`` and
    ``paused`` decide which keys apply. ``local`` is the number of a worker that this console supervises or carries: its
    ``key`` stays the same whatever session it has."""

    key: int
    session: int | None
    name: Ref
    live: bool
    paused: bool
    cells: Mapping[str, Cell]
    local: int | None = None


@dataclass(frozen=True, slots=True)
class DeadRow:
    """A dead letter. ``error`` holds its whole error."""

    key: Ref
    error_type: Ref
    workflow: str
    cells: Mapping[str, Cell]
    error: tuple[Line, ...]


@dataclass(frozen=True, slots=True)
class GroupRow:
    """Dead letters of one error type."""

    key: Ref
    count: int
    cells: Mapping[str, Cell]


@dataclass(frozen=True, slots=True)
class JobRow:
    """A bulk job. ``told`` is all of it as a line."""

    key: int
    verb: str
    is_running: bool
    told: Cell
    cells: Mapping[str, Cell]


@dataclass(frozen=True, slots=True)
class ItemRow:
    """One run of a bulk job, numbered in the job's order. ``detail`` is why it was refused, '' where it wasn't."""

    key: int
    run: Ref
    detail: str
    cells: Mapping[str, Cell]


@dataclass(frozen=True, slots=True)
class Totals:
    """The counter line: runs per status and what an operator looks at first."""

    by_status: Mapping[RunStatus, int]
    by_pool: Mapping[str, Mapping[RunStatus, int]]
    dead_letters: int
    approvals: int
    live_workers: int
    stale_workers: int
    unserved: tuple[str, ...]
    """Pools, as shown, whose runs wait while no worker lives."""
    newest_approvals: tuple[int, ...] = ()
    """Ids of those of the latest that wait for a person, the newest first."""
    newest_dead_letters: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class ActionRecord:
    """One thing an operator did here: what, what came of it, and the command line that would have done the same (''
    where there is none). ``is_told``: the store keeps an event of it, where it was done."""

    at: datetime
    what: str
    outcome: str
    ok: bool
    twin: str
    is_told: bool = True
