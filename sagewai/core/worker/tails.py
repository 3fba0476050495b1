"""The ends of what models are saying right now in the runs of a host, written for watchers once a second at most."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterable

from sagewai.core.failure import told
from sagewai.core.redact import redact
from sagewai.core.stores.base import Store
from sagewai.errors import StoreError

log = logging.getLogger("sagewai.worker")

EVERY = 1.0
"""Seconds between two writes, whatever is said meanwhile."""

LENGTH = 2_000
"""Characters of a tail."""


class Tails:
    """Best effort: a write that fails is left out, and costs nobody anything. Nothing runs while nothing streams."""

    def __init__(self, store: Store, secrets: Callable[[], Iterable[str]]) -> None:
        self._store = store
        self._secrets = secrets
        self._said: dict[int, tuple[str, str, str]] = {}
        self._unwritten: set[int] = set()
        self._writing: asyncio.Task[None] | None = None

    def hear(self, key: int, step: str, name: str, piece: str) -> None:
        """A piece of what an agent's model says in a run. What another agent of the run said before gives way."""
        said = self._said.get(key)
        text = said[2] + piece if said is not None and said[:2] == (step, name) else piece
        self._said[key] = (step, name, text[-LENGTH:])
        self._unwritten.add(key)
        if self._writing is None:
            self._writing = asyncio.create_task(self._write())

    def forget(self, key: int) -> None:
        """The run isn't held here any more."""
        self._said.pop(key, None)
        self._unwritten.discard(key)

    def close(self) -> None:
        if self._writing is not None:
            self._writing.cancel()

    async def _write(self) -> None:
        try:
            while self._unwritten:
                secrets = list(self._secrets())
                tails = {key: self._shown(*self._said[key], secrets) for key in self._unwritten}
                self._unwritten.clear()
                try:
                    await self._store.write_tails(tails)
                except StoreError as error:
                    log.info("what models say isn't shown (%s)", told(error))
                await asyncio.sleep(EVERY)
        finally:
            self._writing = None

    @staticmethod
    def _shown(step: str, name: str, text: str, secrets: list[str]) -> tuple[str, str, str]:
        text = redact(text, secrets).replace("\0", "\N{REPLACEMENT CHARACTER}")
        return step, name, text.encode("utf-8", "replace").decode()
