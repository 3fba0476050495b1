"""Where the demo's runs come from: each kind of work as one call that submits it."""

from __future__ import annotations

import itertools
from pathlib import Path
from typing import TYPE_CHECKING

from sagewai import RunHandle
from tui.demo import supplier
from tui.demo.article import article
from tui.demo.flows import AGENTS_POOL, MODELS, agents, station
from tui.demo.imports import correction, order_import
from tui.demo.scratch import Scratch
from tui.demo.survey import survey

if TYPE_CHECKING:
    from sagewai.core.stores.base import Store

SENT_AGAIN = "-again"
"""How the supply office marks a list that replaces an earlier one."""


class Desk:
    """Submits runs to one store. Run ids count up, and fit a column of 13 on the narrowest screen."""

    def __init__(self, scratch: Scratch, store: Store) -> None:
        self._scratch = scratch
        self._surveys = itertools.count(1)
        self._notices = itertools.count(1)
        self._lists = itertools.count(1)
        self._sources: dict[str, Path] = {}
        for workflow in {*station, *agents}:
            workflow.store = store

    async def survey(self, pool: str = "default") -> RunHandle:
        """Count and check the texts."""
        run_id = f"survey-{next(self._surveys):02}"
        return await survey.submit(run_id, pool=pool, folder=str(self._scratch.texts))

    async def notice(self, text: str) -> RunHandle:
        """Have a notice written about one of the texts, by a worker that can call a model."""
        return await article.submit(
            f"notice-{next(self._notices):02}",
            pool=AGENTS_POOL,
            labels=MODELS,
            tags={"text": text},
            source=str(self._scratch.texts / f"{text}.md"),
            folder=str(self._scratch.published),
        )

    def next_list(self, source: str) -> Path:
        """The place in the spool where the next list, a copy of ``source``, is expected."""
        target = self._scratch.spool / f"orders-{next(self._lists):02}.csv"
        self._sources[target.stem] = self._scratch.orders / f"{source}.csv"
        return target

    async def order_list(self, target: Path) -> RunHandle:
        """Import the list that is expected at ``target``."""
        return await order_import.submit(target.stem, path=str(target))

    def deliver(self, target: Path) -> None:
        """Put the whole list there."""
        supplier.put(self._sources[target.stem], target)

    def announce(self, target: Path) -> None:
        """Lock its place: it is being written from now on."""
        supplier.announce(target)

    async def deliver_slowly(self, target: Path) -> None:
        """Write an announced list line by line."""
        await supplier.write(self._sources[target.stem], target)

    async def correct(self, name: str) -> RunHandle | None:
        """Ask for leave to replace the list ``name`` by what the office sent again; None where it sent nothing. Asking
        twice is asking once."""
        source = self._sources.get(name)
        if source is None:
            return None
        again = source.with_stem(source.stem + SENT_AGAIN)
        if not again.exists():
            return None
        target = self._scratch.spool / f"{name}.csv"
        return await correction.submit(f"fix-{name}", path=str(target), again=str(again))
