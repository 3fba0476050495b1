"""A TCP line between workers and their server that fails as networks do: silence, half of it, delay, a lost reply.

It runs in a thread of its own, so that neither a blocked test nor its event loop holds the line up. What is held back
is delivered once the line is whole again, as TCP does it; what is lost is lost together with its connection.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit


@dataclass(eq=False)
class _Link:
    """One connection through the line."""

    client: asyncio.StreamWriter
    server: asyncio.StreamWriter
    statements: dict[bytes, bytes] = field(default_factory=dict)
    """Their texts, by the names that the client gave them."""
    asked: bytearray = field(default_factory=bytearray)
    answered: bytearray = field(default_factory=bytearray)
    greeted: bool = False
    losing: bool = False

    def cut(self) -> None:
        """End both halves without a word."""
        for half in (self.client, self.server):
            half.transport.abort()


class Proxy:
    """Listens on loopback, passes on to one server. Its methods may be called from any thread."""

    def __init__(self, host: str, port: int) -> None:
        self._server = (host, port)
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="proxy", daemon=True)
        self._thread.start()
        self._links: set[_Link] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._delay = 0.0
        self._losable: tuple[bytes, ...] = ()
        self._lose_every = 0
        self._seen = 0
        self.lost_replies = 0
        """Replies of the server that were kept from their client, whose connection then ended."""
        self._to_server, self._to_client, self._listener = self._do(self._open)
        self.port: int = self._listener.sockets[0].getsockname()[1]

    # -- what goes wrong ----------------------------------------------------------------------------------------------

    def go_silent(self) -> None:
        """A black hole: nothing passes either way, nobody is told; new connections are taken and hear nothing."""
        self._soon(lambda: (self._to_server.clear(), self._to_client.clear()))

    def go_deaf(self) -> None:
        """A one-way cut: what clients say arrives, what the server answers doesn't."""
        self._soon(self._to_client.clear)

    def go_mute(self) -> None:
        """The other one-way cut: nothing that clients say arrives."""
        self._soon(self._to_server.clear)

    def heal(self) -> None:
        """Everything passes again, what was held back first."""
        self._soon(lambda: (self._to_server.set(), self._to_client.set()))

    def cut_all(self) -> None:
        """End every connection there is."""
        self._soon(self._cut_all)

    def delay(self, seconds: float) -> None:
        """Let each answer of the server arrive that much later."""
        self._delay = seconds

    def lose_replies_to(self, statements: Sequence[str], *, every: int) -> None:
        """Of the answers to these statements, cut each ``every``-th off after the server has made its commit."""
        self._losable = tuple(statement.encode() for statement in statements)
        self._lose_every = every

    def close(self) -> None:
        """End the line and its thread."""
        self._do(self._close)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    # -- how it works -------------------------------------------------------------------------------------------------

    def _cut_all(self) -> None:
        for link in list(self._links):
            link.cut()

    async def _open(self) -> tuple[asyncio.Event, asyncio.Event, asyncio.Server]:
        both = asyncio.Event(), asyncio.Event()
        for way in both:
            way.set()
        return *both, await asyncio.start_server(self._serve, "127.0.0.1", 0)

    async def _close(self) -> None:
        self._listener.close()
        self._cut_all()
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await self._to_server.wait()
            from_server, to_server = await asyncio.open_connection(*self._server)
        except (OSError, asyncio.CancelledError):
            writer.transport.abort()
            return
        link = _Link(writer, to_server)
        self._links.add(link)
        for way in (self._carry_questions(link, reader), self._carry_answers(link, from_server)):
            task = asyncio.create_task(way)
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _carry_questions(self, link: _Link, source: asyncio.StreamReader) -> None:
        with self._until_it_ends(link):
            while data := await source.read(65_536):
                await self._to_server.wait()
                self._listen(link, data)
                link.server.write(data)
                await link.server.drain()

    async def _carry_answers(self, link: _Link, source: asyncio.StreamReader) -> None:
        with self._until_it_ends(link):
            while data := await source.read(65_536):
                if self._delay:
                    await asyncio.sleep(self._delay)
                await self._to_client.wait()
                if link.losing:
                    if self._is_ready(link, data):  # the server has committed, and only it knows
                        self.lost_replies += 1
                        return
                    continue
                link.client.write(data)
                await link.client.drain()

    @contextmanager
    def _until_it_ends(self, link: _Link) -> Iterator[None]:
        try:
            with suppress(OSError, asyncio.CancelledError):
                yield
        finally:
            self._links.discard(link)
            link.cut()

    def _listen(self, link: _Link, data: bytes) -> None:
        """Follow what the client asks for, as far as losing answers needs it."""
        link.asked += data
        for kind, body in _messages(link.asked, greeted=link.greeted):
            link.greeted = True
            if kind == b"P":  # Parse: a statement and its name
                name, _, text = body.partition(b"\0")
                link.statements[name] = text
            elif kind == b"B":  # Bind: it is going to be executed
                _, _, rest = body.partition(b"\0")
                text = link.statements.get(rest.partition(b"\0")[0], b"")
                if self._lose_every and any(each in text for each in self._losable):
                    self._seen += 1
                    if self._seen % self._lose_every == 0:
                        link.answered.clear()
                        link.losing = True

    def _is_ready(self, link: _Link, data: bytes) -> bool:
        link.answered += data
        return any(kind == b"Z" for kind, _ in _messages(link.answered, greeted=True))

    def _do(self, what: Callable[[], Any]) -> Any:
        return asyncio.run_coroutine_threadsafe(what(), self._loop).result(30)

    def _soon(self, what: Callable[[], object]) -> None:
        async def apply() -> None:
            what()

        self._do(apply)


def _messages(buffer: bytearray, *, greeted: bool) -> Iterator[tuple[bytes, bytes]]:
    """Whole messages of PostgreSQL's protocol, taken from the buffer; the first of a client has no type."""
    while True:
        head = 1 if greeted else 0
        if len(buffer) < head + 4:
            return
        length = head + int.from_bytes(buffer[head : head + 4], "big")
        if len(buffer) < length:
            return
        message = bytes(buffer[:length])
        del buffer[:length]
        yield message[:head], message[head + 4 :]
        greeted = True


@contextmanager
def line_through(url: str) -> Iterator[tuple[Proxy, str]]:
    """A line to the server of a loopback URL, and the URL that leads through it."""
    parts = urlsplit(url)
    proxy = Proxy(parts.hostname or "127.0.0.1", parts.port or 5432)
    login = parts.netloc.rpartition("@")[0]
    try:
        yield proxy, parts._replace(netloc=f"{login}@127.0.0.1:{proxy.port}").geturl()
    finally:
        proxy.close()
