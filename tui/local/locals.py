"""Every local worker of one console as its screens see them: the embedded one, the supervised and the adopted ones."""

from __future__ import annotations

import os
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from sagewai.errors import LabelError
from tui.format import Cell, Glyphs, Role, plural
from tui.keymap import Keymap
from tui.local import order as orders
from tui.local.order import Order, OrderError
from tui.local.started import Started
from tui.text import Scribe

if TYPE_CHECKING:
    from tui.local.embedded import EmbeddedWorker
    from tui.local.fleet import Fleet
    from tui.local.supervised import Supervised

EMBEDDED = 0
"""The number of the embedded worker; the others count from 1."""

_AGAIN = 15.0
"""Seconds after which sessions that are known are looked up again: a lease may have lapsed, and another begun."""

Kind = Literal["carried", "local", "adopted"]
"""By this process; as a child of it; as the child of a console that left it running."""

_DOWN = frozenset({"stopped", "gone", "failed"})
"""States that nobody wanted, and that only somebody can end."""


def check(order: Order, store_url: str) -> Order:
    """The order, if it can be carried out on this store. Raises OrderError."""
    from sagewai.cli import parse

    if store_url.startswith("memory:"):
        raise OrderError(
            "memory:// lives in this process alone: its workers are carried, --worker MODULE:NAME"
        )
    try:
        parse.labels(order.labels)
    except LabelError as error:
        raise OrderError(str(error)) from error
    return order


@dataclass(frozen=True, slots=True)
class LocalWorker:
    """One local worker now. ``state`` is a word; ``session`` its session in the store where that is known."""

    number: int
    name: str
    kind: Kind
    state: str
    why: str
    session: int | None
    pid: int | None
    pool: str
    labels: str
    target: str


class Locals:
    """Starts, scales, stops, and lists local workers, and knows their sessions and logs. ``pool`` is the one for
    which they are started where nothing else is said. Every method returns at once; what it gives to say is safe."""

    def __init__(
        self,
        embedded: EmbeddedWorker | None,
        fleet: Fleet,
        scribe: Scribe,
        pool: str,
        *,
        has_own_rights: bool = False,
        keys: Keymap | None = None,
        started: Started | None = None,
    ) -> None:
        self.embedded = embedded
        self.fleet = fleet
        self.has_own_rights = has_own_rights
        self.wants_detach = False
        self._started = started or Started()
        self._scribe = scribe
        self._pool = pool
        self._keys = keys or Keymap()
        self._seen: dict[int, tuple[str, int | None]] = {}
        self._learned_at = float("-inf")

    # -- what there is ------------------------------------------------------------------------------------------------

    def workers(self) -> tuple[LocalWorker, ...]:
        first = () if self.embedded is None else (self._embedded(self.embedded),)
        return (*first, *map(self._supervised, self.fleet.workers))

    def sessions(self) -> Mapping[int, str]:
        """Sessions of the local workers that take up work now, with their names."""
        return {
            each.session: each.name
            for each in self.workers()
            if each.state == "on" and each.session is not None
        }

    def cell(self, glyphs: Glyphs) -> Cell | None:
        """How they do, for the counter line."""
        supervised = self.fleet.workers
        if not supervised:
            return None if self.embedded is None else self.embedded.cell(glyphs)
        every = self.workers()
        stopped = sum(each.state in _DOWN for each in every)
        if stopped:
            return Cell(f"local {glyphs.failed} {stopped} stopped", Role.FAILED)
        backing_off = sum(each.state == "backing off" for each in every)
        if backing_off:
            return Cell(f"local {glyphs.waiting} {backing_off} crashed", Role.WAITING)
        up = sum(each.state in {"on", "starting", "loading"} for each in every)
        if up:
            return Cell(f"local {glyphs.running} {plural(up, 'worker')}", Role.RUNNING)
        return Cell("local draining" if self.fleet.running else "local off", Role.WAITING)

    def log(self, number: int) -> tuple[str, ...]:
        """The last lines that a worker wrote, oldest first."""
        if number == EMBEDDED:
            return () if self.embedded is None else self.embedded.tail.lines()
        worker = self.fleet.find(number)
        return () if worker is None else worker.tail.lines()

    # -- sessions -----------------------------------------------------------------------------------------------------

    def unknown(self) -> Sequence[int]:
        """Pids whose sessions are to be looked up now."""
        every = [each for each in self.workers() if each.pid is not None and each.state != "detached"]
        if all(each.session is not None for each in every) and time.monotonic() - self._learned_at < _AGAIN:
            return ()
        return [each.pid for each in every if each.pid is not None]

    def learn(self, sessions: Mapping[int, int]) -> None:
        """Live sessions by the pids of their processes."""
        self._learned_at = time.monotonic()
        if self.embedded is not None:
            self.embedded.session = sessions.get(os.getpid())
        for worker in self.fleet.workers:
            pid = worker.pid
            if pid is not None and pid in sessions:
                worker.found(pid, sessions[pid])

    def changes(self) -> tuple[bool, Cell | None]:
        """Whether anything changed since the last call, and what must be said about it. Forgets who has ended."""
        self.fleet.tidy()
        before, every = self._seen, self.workers()
        self._seen = {each.number: (each.state, each.session) for each in every}
        states = {number: state for number, (state, _) in before.items()}
        news = next(
            (each for each in every if _is_news(each) and states.get(each.number) != each.state), None
        )
        said = None
        if news is not None:
            how = "crashed too often and is stopped" if news.state == "stopped" else "ended"
            again = f"{self._keys.of('more', '+')} on screen {self._screen()} starts it again"
            role = Role.FAILED if news.state in _DOWN else Role.WAITING
            said = Cell(f" {news.name} {how}: {news.why}; {again}", role)
        return self._seen != before, said

    # -- acting -------------------------------------------------------------------------------------------------------

    def adopt(self) -> Cell | None:
        """Take over what a console of this user left running; gives what to say about it."""
        if self.fleet.store_url.startswith("memory:"):
            return None
        adopted = sum(worker.is_adopted for worker in self.fleet.adopt())
        if not adopted:
            return None
        what = f" adopted {plural(adopted, 'worker')} that a console left running: key {self._screen()}"
        return Cell(what, Role.DONE)

    def start(self, text: str, at: int | None = None) -> Cell:
        """Start what a line asks for, and remember the line. The embedded one's own line, with the cursor ``at`` it
        when it is over, starts that one again."""
        try:
            order = orders.parse(text, pool=self._pool)
            if at is not None and order == self._over(at):
                return self.more(at)
            check(order, self.fleet.store_url)
        except OrderError as error:
            return Cell(f" {self._scribe.line(str(error), limit=300)}", Role.FAILED)
        self._started.add(str(order))
        return self.start_order(order)

    def start_order(self, order: Order) -> Cell:
        started = self.fleet.start(order)
        names = f"{started[0].name} to {started[-1].name}" if len(started) > 1 else started[0].name
        what = plural(len(started), "local worker")
        return Cell(f" {what} of pool {self._scribe.line(order.pool)} started: {names}", Role.DONE)

    def more(self, number: int | None) -> Cell:
        """One more like this one, or like the last; one that is over starts again."""
        chosen = self._chosen(number)
        if chosen is None:
            start = self._keys.of("start-local", "N")
            return Cell(f" no local worker to take for a pattern: {start} starts one", Role.WAITING)
        if chosen.is_over:
            chosen.start()
            return Cell(f" {chosen.name} starts again", Role.DONE)
        try:
            return self.start_order(check(chosen.order, self.fleet.store_url))
        except OrderError as error:
            return Cell(f" {error}", Role.FAILED)

    def fewer(self, number: int | None) -> Cell:
        """One less of those like this one, or like the last: the youngest drains, the embedded one last."""
        chosen = self._chosen(number)
        gone = None if chosen is None else self.fleet.fewer(chosen.order)
        if gone is not None:
            return Cell(f" {gone.name} drains: it finishes what it holds, then ends", Role.WAITING)
        if chosen is self.embedded and chosen is not None and chosen.state in {"loading", "on"}:
            return self.stop(EMBEDDED)
        return Cell(" no local worker left to drain", Role.DIM)

    def stop(self, number: int) -> Cell:
        """Drain one; asked once more, it hands its runs back; one that is over isn't listed any longer."""
        from tui.local.supervised import Supervised

        worker = self._found(number)
        if worker is None:
            return Cell(" it is gone already", Role.WAITING)
        if isinstance(worker, Supervised) and worker.is_over:
            self.fleet.forget(worker)
            return Cell(f" {worker.name} is listed no more; its log stays: {worker.tail.path}", Role.DIM)
        hurried = worker.state == "draining"
        (worker.hurry if hurried else worker.stop)()
        how = "hands its runs back at once" if hurried else "drains: it finishes what it holds, then ends"
        return Cell(f" {worker.name} {how}", Role.WAITING)

    def is_over(self, number: int) -> bool:
        """Whether nothing carries it, nor will by itself."""
        worker = self._found(number)
        return worker is None or worker.is_over

    def stopping(self, number: int) -> tuple[str, str] | None:
        """What :meth:`stop` would do now, and what that means; None where there is nothing to be done."""
        worker = self._found(number)
        if worker is None or (worker is self.embedded and worker.is_over):
            return None
        if worker.is_over:
            return "forget", "it isn't listed any longer; its log stays"
        if worker.state == "draining":
            return "hurry", "its runs go back at once, to begin their step again"
        return "stop", "it finishes what it holds, or hands it back after 30 s"

    def completions(self, text: str, pools: Sequence[str] = ()) -> list[str]:
        return orders.completions(text, self._started.lines(), pools)

    def line(self, number: int | None) -> str:
        """What to ask for first: the line of the embedded one where the cursor is at it and it is over, else the one
        that was started last, '' if none was."""
        over = None if number is None else self._over(number)
        return next(iter(self._started.lines()), "") if over is None else str(over)

    # -- leaving ------------------------------------------------------------------------------------------------------

    def stop_all(self) -> None:
        """Drain what is tied to this console, or where that is wanted let the supervised ones go on."""
        if self.embedded is not None:
            self.embedded.stop()
        if not self.wants_detach:
            self.fleet.stop()

    def _screen(self) -> str:
        return self._keys.of("workers", "4")

    def _found(self, number: int) -> EmbeddedWorker | Supervised | None:
        return self.embedded if number == EMBEDDED else self.fleet.find(number)

    def _chosen(self, number: int | None) -> EmbeddedWorker | Supervised | None:
        chosen = None if number is None else self._found(number)
        return chosen or next(reversed(self.fleet.workers), self.embedded)

    def _over(self, number: int) -> Order | None:
        """What asks for the embedded worker, where it is meant and is over."""
        worker = self.embedded if number == EMBEDDED else None
        return worker.order if worker is not None and worker.is_over else None

    def _embedded(self, worker: EmbeddedWorker) -> LocalWorker:
        pid = None if worker.is_over else os.getpid()
        return LocalWorker(
            number=EMBEDDED,
            name=worker.name,
            kind="carried",
            state=worker.state,
            why=worker.error,
            session=None if pid is None else worker.session,
            pid=pid,
            pool=self._scribe.line(worker.spec.pool),
            labels="",
            target=self._scribe.line(worker.spec.target),
        )

    def _supervised(self, worker: Supervised) -> LocalWorker:
        return LocalWorker(
            number=worker.number,
            name=worker.name,
            kind="adopted" if worker.is_adopted else "local",
            state=worker.state,
            why=self._scribe.line(worker.why),
            session=worker.session,
            pid=worker.pid,
            pool=self._scribe.line(worker.order.pool),
            labels=self._scribe.line(" ".join(worker.order.labels)),
            target=self._scribe.line(worker.order.target),
        )


def _is_news(worker: LocalWorker) -> bool:
    """Whether it went down by itself."""
    return worker.state in _DOWN or (worker.state == "ended" and bool(worker.why))
