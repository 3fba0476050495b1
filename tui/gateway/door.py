"""The way to the database: opens it when first asked, notices when it goes away, keeps its clock, knows its rights."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from functools import cached_property
from typing import TYPE_CHECKING, TypeVar

from sagewai.errors import (
    ApprovalNotFound,
    DeadLetterNotFound,
    NotPermitted,
    RunError,
    StoreError,
    StoreRefused,
    WorkerNotFound,
)
from sagewai.models.actor import Actor
from sagewai.models.right import ANYBODY, Identity, Right
from tui.gateway.link import Link
from tui.gateway.place import place
from tui.text import Scribe

if TYPE_CHECKING:
    from sagewai.core.stores.base import Store
    from sagewai.models.session import Glance
    from tui.gateway.shape import Shaper
    from tui.keymap import Keymap

T = TypeVar("T")

INTERVAL = 2.0
"""Seconds between two looks at the database."""

LOOK = 5
"""Statements that one look sends at most."""

_IN_A_ROW = 10
"""Looks that follow each other at once, at most."""

_PATIENCE = 15.0
"""Seconds after which a read that neither answers nor fails counts as failed."""

_REST = 0.3
"""Seconds between two looks at least, however often something comes to rest."""

_SWEEP_WHERE_SERVED = 30.0
"""Seconds between two sweeps where a worker lives."""

_BULK_FOR = 0.5
"""Seconds of a sweep after which no more items of bulk jobs are begun."""

_CLOCK_EVERY = 60.0
_RIGHTS_EVERY = 60.0
_NOT_THERE = (RunError, ApprovalNotFound, DeadLetterNotFound, WorkerNotFound, StoreRefused, NotPermitted)


class Unreachable(Exception):
    """The database didn't answer; the last picture stays. The text is safe."""


class Missing(Exception):
    """What was asked for isn't there. The text is safe."""


def open_store(url: str) -> Store:
    """The store a URL names. Its driver is imported now, not before: that costs more than the first frame may."""
    from sagewai.core.stores import url as urls

    return urls.open_store(url)


def check_url(url: str) -> None:
    """Whether a URL names a store; for that no driver is loaded. Raises SagewaiError."""
    from sagewai.core.stores import url as urls

    urls.check_url(url)


def default_url() -> str:
    """``SAGEWAI_STORE``, else the user's SQLite file."""
    from sagewai.core.stores import url as urls

    return urls.default_url()


def has_password(url: str) -> bool:
    """Whether a store URL carries a password."""
    from sagewai.core.stores import url as urls

    return urls.has_password(url)


def _usual_keys() -> Keymap:
    from tui.keymap import Keymap  # it loads Textual, which a configuration with a store must not

    return Keymap()


class Door:
    """One store, seen by one actor. ``read_only`` migrates nothing and sweeps nothing."""

    def __init__(
        self,
        url: str,
        *,
        actor: Actor,
        read_only: bool = False,
        scribe: Scribe | None = None,
        keys: Keymap | None = None,
        interval: float = INTERVAL,
        opener: Callable[[str], Store] = open_store,
    ) -> None:
        self.scribe = scribe or Scribe()
        self._keys = keys or _usual_keys()
        self.url = url
        self.place = self.scribe.short(place(url))
        self.actor = actor
        self.read_only = read_only
        self.interval = interval
        self.link = Link()
        self._opener = opener
        self._store: Store | None = None
        self._opening = asyncio.Lock()
        self._clock_offset = timedelta(0)
        self._clock_read_at = float("-inf")
        self._identity: Identity | None = None
        self._rights_read_at = float("-inf")
        self._is_served = False
        self._swept_at = float("-inf")
        self._looking: asyncio.Task[object] | None = None
        self._left = LOOK
        self._in_a_row = 0
        self.is_behind = False
        """Whether the look under way left something to one that should follow at once."""
        self.is_locked = False
        """Whether this console's user has yet to say again who they are; what it does by itself goes on."""

    @cached_property
    def shaper(self) -> Shaper:
        """Draws what is read, so there is none until something is."""
        from tui.gateway.shape import Shaper

        return Shaper(self.scribe, self._keys)

    def may(self, right: Right) -> bool:
        """Whether this console offers what needs ``right``; it does until the database has said who its user is."""
        return not self.is_locked and self._can(right)

    def _can(self, right: Right) -> bool:
        return not self.read_only and right in (self._identity or ANYBODY).rights

    @property
    def refusal(self) -> str:
        """Why nothing can be done from here; '' if something can."""
        if self.read_only:
            return "this console is read-only"
        unlock = self._keys.line("command", ":", "unlock")
        return f"this console is locked: {unlock} and your account's name" if self.is_locked else ""

    @property
    def sees_payloads(self) -> bool:
        """Whether contents are what was recorded, rather than a word that says they are hidden."""
        return Right.PAYLOADS in (self._identity or ANYBODY).rights

    @property
    def access(self) -> str:
        """``RW``, ``RO``, or the one thing that can be done: ``RO/approve``, ``RO/operate``; '' until it is known."""
        if self._identity is None and not self.read_only:
            return ""
        if self.is_locked:
            return "RO locked"
        operate, decide = self.may(Right.OPERATE), self.may(Right.DECIDE)
        if operate:
            return "RW" if decide else "RO/operate"
        return "RO/approve" if decide else "RO"

    @property
    def acts_as(self) -> str:
        """By whose name this console acts, for comparing: the database's own word where it has one."""
        proven = None if self._identity is None else self._identity.name
        return proven or self.actor.name

    @property
    def actor_name(self) -> str:
        """The same for showing."""
        return self.scribe.short(self.acts_as)

    @property
    def shown_url(self) -> str:
        """The store's URL, for another shell; never with a password."""
        return self.said(self.url)

    async def close(self) -> None:
        """Let go of the store's connections of this event loop."""
        store, self._store = self._store, None
        if store is not None:
            await store.close()

    async def breathe(self) -> None:
        """Wait until the next look is due: sooner when something came to rest, later while nothing answers."""
        pause = self.link.pause(self.interval)
        store = self._store
        if store is None or self.link.state != "live":
            await asyncio.sleep(pause)
            return
        rest = min(_REST, pause / 2)
        await asyncio.sleep(rest)
        try:
            await store.wait("done", pause - rest)
        except (StoreError, OSError):
            await asyncio.sleep(pause)

    async def sweep(self) -> None:
        """Do what time has made due, as every writing process does; a reader, and whoever lacks the right, leave it to
        others. Where a worker lives it does so every second, and the console seldom."""
        if self.read_only or self._store is None or self.link.state != "live":
            return
        if self._is_served and time.monotonic() - self._swept_at < _SWEEP_WHERE_SERVED:
            return
        self._swept_at = time.monotonic()
        if self._can(Right.OPERATE) or self._can(Right.EXECUTE):
            await self.read(lambda store: store.tick())
        if self._can(Right.OPERATE):
            await self._advance_bulk_jobs()

    async def _advance_bulk_jobs(self) -> None:
        """A part of what is left of them, so that the next sweep isn't held up."""
        from sagewai.core.commands import SWEPT_ITEMS, advance_bulk

        until = time.monotonic() + _BULK_FOR
        while await self.read(advance_bulk) == SWEPT_ITEMS and time.monotonic() < until:
            continue

    def now(self) -> datetime:
        """The database's clock, as of its last reading."""
        return datetime.now(UTC) + self._clock_offset

    async def glance(self) -> Glance:
        """Begin a look: what every one begins with; one statement. It tells the clock, too. Rights are read again now
        and then, where the look before has left a statement for that."""
        rights = self._left > 0 and time.monotonic() - self._rights_read_at > _RIGHTS_EVERY
        self._in_a_row = self._in_a_row + 1 if self.is_behind else 0
        self._looking, self._left, self.is_behind = asyncio.current_task(), LOOK, False
        glance = await self._asked(lambda store: store.glance(), rights=rights)
        self._is_served = any(pool.live_workers for pool in glance.pools)
        if time.monotonic() - self._clock_read_at > _CLOCK_EVERY:
            self._set_clock(glance.now)
        return glance

    @property
    def left(self) -> int:
        """Statements that the look under way may still send; what others ask meanwhile doesn't count."""
        return self._left

    def affords(self, statements: int) -> bool:
        """Whether the look under way may send so many more. Where it may not, another should follow it at once."""
        if statements <= self._left:
            return True
        self.is_behind = self._in_a_row < _IN_A_ROW
        return False

    async def read(self, call: Callable[[Store], Awaitable[T]]) -> T:
        """What ``call`` reads. Raises Unreachable or Missing."""
        now = time.monotonic()  # what looks have told is young enough
        rights = now - self._rights_read_at > 2 * _RIGHTS_EVERY
        clock = now - self._clock_read_at > 2 * _CLOCK_EVERY
        return await self._asked(call, rights=rights, clock=clock)

    async def _asked(
        self, call: Callable[[Store], Awaitable[T]], *, rights: bool = False, clock: bool = False
    ) -> T:
        try:
            async with asyncio.timeout(_PATIENCE):
                store = await self.opened()
                if rights:
                    self._identity = await store.get_identity()
                    self._rights_read_at = time.monotonic()
                if clock:
                    self._set_clock(await store.now())
                self._left -= asyncio.current_task() is self._looking
                value = await call(store)
        except _NOT_THERE as error:
            self.link.answered()
            raise Missing(self.said(error)) from error
        except (StoreError, OSError, TimeoutError) as error:
            self.link.failed(self.said(error))
            raise Unreachable(self.link.error) from error
        self.link.answered()
        return value

    def _set_clock(self, now: datetime) -> None:
        self._clock_offset = now - datetime.now(UTC)
        self._clock_read_at = time.monotonic()

    async def opened(self) -> Store:
        """The store, opened and (by a writing console) migrated."""
        async with self._opening:
            if self._store is None:
                store = await asyncio.to_thread(self._opener, self.url)
                try:
                    await (store.info() if self.read_only else store.initialize())
                except BaseException:
                    await store.close()
                    raise
                self._store = store
            return self._store

    def said(self, what: BaseException | str) -> str:
        """A text or an error's text, safe and without secrets."""
        from sagewai.core.failure import without_secrets

        text = str(what) or ("no answer in time" if isinstance(what, TimeoutError) else type(what).__name__)
        return self.scribe.line(without_secrets(text), limit=500)
