"""What every command shares: which store is meant, how to print, and a loop in which the store opens and closes."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, TypeVar

import typer

from sagewai.cli.output import note
from sagewai.errors import InvalidOptionError

if TYPE_CHECKING:
    from sagewai.core.stores.base import Store
    from sagewai.models.actor import Actor

T = TypeVar("T")

StoreOption = Annotated[
    str | None,
    typer.Option(
        "--store",
        metavar="URL",
        help="sqlite:///PATH or postgresql://USER@HOST/DATABASE. Default: SAGEWAI_STORE, then your SQLite file.",
        show_default=False,
    ),
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON, and nothing else, on stdout.")]
ReasonOption = Annotated[
    str, typer.Option("--reason", metavar="TEXT", help="Kept with the event.", show_default=False)
]
LimitOption = Annotated[int, typer.Option("--limit", min=1, max=100_000, help="At most this many.")]
CursorOption = Annotated[
    str | None,
    typer.Option(
        "--cursor", metavar="CURSOR", help="Where the list before said it goes on.", show_default=False
    ),
]
RunArgument = Annotated[str, typer.Argument(metavar="RUN", help="The run's id.", show_default=False)]


@dataclass(frozen=True, slots=True)
class Common:
    """The options that are accepted before the command's name too."""

    store: str | None = None
    json: bool = False


@dataclass(frozen=True, slots=True)
class Invocation:
    """One command as it was called."""

    url: str
    json: bool

    @classmethod
    def of(cls, context: typer.Context, store: str | None, as_json: bool) -> Invocation:
        """The command's own options, else those before its name, else the environment."""
        from sagewai.core.stores.url import default_url, has_password

        common = context.obj if isinstance(context.obj, Common) else Common()
        given = store if store is not None else common.store
        if given is not None and has_password(given):
            note(
                "sagewai: warning: --store carries a password, which everybody on this machine can read in the process "
                "list; put it into SAGEWAI_STORE or a file named by PGPASSFILE"
            )
        url = given if given is not None else default_url()
        if url.strip().lower().startswith("memory:"):
            raise InvalidOptionError(
                "memory:// lives and dies inside one process, so no other command could see it: use sqlite:///PATH"
            )
        return cls(url, as_json or common.json)

    def call(
        self, body: Callable[[Store], Awaitable[T]], *, migrate: bool = False, catches_signals: bool = False
    ) -> T:
        """Run ``body`` with the store, and close it; ``migrate`` brings the schema up to date before. Ctrl-C cancels
        the body, unless it ``catches_signals`` itself."""

        async def opened() -> T:
            from sagewai.core.stores.url import open_store

            store = open_store(self.url)
            if not catches_signals:
                _cancel_on_interrupt()
            try:
                if migrate:
                    await store.initialize()
                return await body(store)
            finally:
                await store.close()

        try:
            return asyncio.run(opened())
        except asyncio.CancelledError:
            raise KeyboardInterrupt from None

    @property
    def actor(self) -> Actor:
        """Who is calling."""
        from sagewai.core.actors import current_actor

        return current_actor("cli")


def _cancel_on_interrupt() -> None:
    """Let Ctrl-C cancel this task from within its loop, and a second one interrupt at once.

    The handler that ``asyncio.run`` brings acts in the middle of whatever runs, and then says so on stderr.
    """
    loop, task = asyncio.get_running_loop(), asyncio.current_task()
    assert task is not None

    def interrupt() -> None:
        loop.remove_signal_handler(signal.SIGINT)
        task.cancel()

    with suppress(NotImplementedError, RuntimeError, ValueError):  # Windows, or not the main thread
        loop.add_signal_handler(signal.SIGINT, interrupt)
