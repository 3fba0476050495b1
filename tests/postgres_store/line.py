"""A TCP line between a store and its server that can go dead: nothing passes any more, and nobody is told."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from urllib.parse import urlsplit


class Line:
    """``go_dead`` silences the connections there are; new ones pass."""

    def __init__(self, host: str, port: int) -> None:
        self._server = (host, port)
        self._live: set[asyncio.Event] = set()
        self._tasks: set[asyncio.Task[None]] = set()

    def go_dead(self) -> None:
        for silence in self._live:
            silence.set()
        self._live.clear()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        silence = asyncio.Event()
        self._live.add(silence)
        there_reader, there_writer = await asyncio.open_connection(*self._server)
        ways = [(reader, there_writer), (there_reader, writer)]
        for source, sink in ways:
            task = asyncio.create_task(self._pass_on(source, sink, silence))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _pass_on(
        self, source: asyncio.StreamReader, sink: asyncio.StreamWriter, silence: asyncio.Event
    ) -> None:
        try:
            while data := await source.read(65_536):
                if not silence.is_set():
                    sink.write(data)
                    await sink.drain()
        except OSError:
            return
        finally:
            sink.close()
            with suppress(OSError):
                await sink.wait_closed()

    async def close(self) -> None:
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)


@asynccontextmanager
async def line_to(url: str) -> AsyncIterator[tuple[Line, str]]:
    """A line to the server of a loopback URL, and the URL that leads through it."""
    parts = urlsplit(url)
    line = Line(parts.hostname or "127.0.0.1", parts.port or 5432)
    listener = await asyncio.start_server(line.serve, "127.0.0.1", 0)
    port = listener.sockets[0].getsockname()[1]
    login = parts.netloc.rpartition("@")[0]
    try:
        yield line, parts._replace(netloc=f"{login}@127.0.0.1:{port}").geturl()
    finally:
        listener.close()
        await line.close()
        await listener.wait_closed()
