"""A model endpoint on loopback that speaks the OpenAI, Anthropic and Ollama wire formats and misbehaves on request."""

from __future__ import annotations

import json
import os
import sys
import threading
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler
from socketserver import ThreadingTCPServer
from typing import Any

from tests.agents.wires import WIRES, Call, Reply, Request, events, whole

__all__ = [
    "CUT_OFF",
    "EMPTY",
    "FAKE_KEY",
    "HANGING",
    "MALFORMED",
    "OVERLOADED",
    "RATE_LIMITED",
    "SERVER_ERROR",
    "UNAUTHORIZED",
    "Call",
    "LoopbackModels",
    "Reply",
    "Request",
    "close_clients",
]

FAKE_KEY = "sk-loopback-fake-key"

_PLAIN = Reply()
RATE_LIMITED = Reply("slow down", status=429)
SERVER_ERROR = Reply("it broke", status=500)
OVERLOADED = Reply("overloaded", status=529)
UNAUTHORIZED = Reply("no such key", status=401)
MALFORMED = Reply(body='{"choices": [{"mess')
CUT_OFF = Reply(cut=True)
HANGING = Reply(hang=True)
EMPTY = Reply(None)


class LoopbackModels:
    """The endpoint as a context manager: it listens inside the block, on a free port of 127.0.0.1.

    A request takes the next of the replies queued by :meth:`reply`; without one it is answered by ``answer(request)``.
    ``hold()`` keeps every request waiting inside its block, so that a test can see them together. Every request that
    arrived is in ``requests``, in order of arrival; ``strays`` are the paths of those that wanted something else than
    a model's answer.
    """

    def __init__(self, answer: Callable[[Request], str | Reply] | None = None) -> None:
        self.requests: list[Request] = []
        self.strays: list[str] = []
        self.answer: Callable[[Request], str | Reply] = answer or (
            lambda request: f"{request.model} says: {request.prompt}"
        )
        self._queued: deque[Reply] = deque()
        self._arrived = threading.Condition()
        self._go = threading.Event()
        self._go.set()
        self._closed = threading.Event()
        self._server = _Server(self)

    def __enter__(self) -> LoopbackModels:
        threading.Thread(
            target=self._server.serve_forever, args=(0.05,), name="loopback-models", daemon=True
        ).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._closed.set()
        self._go.set()
        self._server.shutdown()
        self._server.server_close()

    @property
    def root(self) -> str:
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    @property
    def openai_base(self) -> str:
        return f"{self.root}/v1"

    @property
    def anthropic_base(self) -> str:
        return self.root

    @property
    def ollama_base(self) -> str:
        return self.root

    def env(self) -> dict[str, str]:
        """Environment variables under which the public model names of all three providers are answered here."""
        return {
            "OPENAI_API_BASE": self.openai_base,
            "OPENAI_BASE_URL": self.openai_base,
            "OPENAI_API_KEY": FAKE_KEY,
            "ANTHROPIC_API_BASE": self.anthropic_base,
            "ANTHROPIC_BASE_URL": self.anthropic_base,
            "ANTHROPIC_API_KEY": FAKE_KEY,
            "OLLAMA_API_BASE": self.ollama_base,
            "NO_PROXY": "127.0.0.1",
        }

    @contextmanager
    def as_environment(self) -> Iterator[LoopbackModels]:
        """Put :meth:`env` into this process's environment inside the block."""
        before = {name: os.environ.get(name) for name in self.env()}
        os.environ.update(self.env())
        try:
            yield self
        finally:
            for name, value in before.items():
                if value is None:
                    os.environ.pop(name, None)
                else:
                    os.environ[name] = value

    def reply(self, *replies: Reply) -> None:
        """Answer the next requests like this, one each, in order of arrival."""
        self._queued.extend(replies)

    @contextmanager
    def hold(self) -> Iterator[None]:
        """Keep requests that arrive inside the block unanswered until it ends."""
        self._go.clear()
        try:
            yield
        finally:
            self._go.set()

    def wait_for(self, count: int, timeout: float = 20.0) -> list[Request]:
        """Block until ``count`` requests have arrived; for use off the event loop."""
        with self._arrived:
            if not self._arrived.wait_for(lambda: len(self.requests) >= count, timeout):
                raise TimeoutError(f"{len(self.requests)} of {count} requests arrived within {timeout:g} s")
            return list(self.requests)

    def _take(self, request: Request) -> Reply:
        with self._arrived:
            self.requests.append(request)
            reply = self._queued.popleft() if self._queued else None
            self._arrived.notify_all()
        self._go.wait()
        if reply is not None:
            return reply
        answer = self.answer(request)
        return answer if isinstance(answer, Reply) else Reply(answer)


class _Server(ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True
    block_on_close = False
    request_queue_size = 256

    def __init__(self, models: LoopbackModels) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.models = models

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that gave up is part of the game, not news."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True  # head and body are two writes
    server: _Server

    def log_message(self, *_: Any) -> None:
        """Silent."""

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("content-length", 0)))
        wire = next((wire for end, wire in WIRES.items() if self.path.split("?")[0].endswith(end)), None)
        if wire is None:
            self.server.models.strays.append(self.path)
            self._send(404, json.dumps({"error": f"no such path: {self.path}"}))
            return
        headers = {name.lower(): value for name, value in self.headers.items()}
        request = Request(wire, self.path, headers, json.loads(body))
        self._answer(request, self.server.models._take(request))

    def _answer(self, request: Request, reply: Reply) -> None:
        closed = self.server.models._closed
        if reply.hang:
            closed.wait()
            self.close_connection = True
            return
        if reply.delay:
            closed.wait(reply.delay)
        if request.body.get("stream") and reply.status == 200 and reply.body is None:
            self._stream(events(request, reply), request, reply)
        else:
            self._send(reply.status, whole(request, reply) if reply.body is None else reply.body, reply)

    def _send(self, status: int, body: str, reply: Reply = _PLAIN) -> None:
        data = body.encode()
        self.send_response(status)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(data)))
        for name, value in (reply.headers or {}).items():
            self.send_header(name, value)
        self.end_headers()
        if reply.drip:
            for byte in data:
                self.wfile.write(bytes([byte]))
                if self.server.models._closed.wait(reply.drip):
                    return
            return
        self.wfile.write(data[: len(data) // 2] if reply.cut else data)
        self.close_connection = self.close_connection or reply.cut

    def _stream(self, parts: list[str], request: Request, reply: Reply) -> None:
        closed = self.server.models._closed
        self.send_response(200)
        kind = "application/x-ndjson" if request.wire.startswith("ollama") else "text/event-stream"
        self.send_header("content-type", kind)
        self.send_header("transfer-encoding", "chunked")
        self.end_headers()
        first_word = (reply.text or "").partition(" ")[0]
        waited = reply.pause is None
        for at, part in enumerate(parts):
            if (reply.cut or reply.short) and at >= len(parts) // 2:
                break
            data = part.encode()
            self.wfile.write(b"%x\r\n%s\r\n" % (len(data), data))
            if not waited and f'"{first_word}"' in part and reply.pause is not None:
                waited = True
                while not reply.pause.wait(0.01) and not closed.is_set():
                    pass
            if reply.drip and closed.wait(reply.drip):
                return
        if reply.cut:
            self.close_connection = True
            return
        self.wfile.write(b"0\r\n\r\n")


async def close_clients() -> None:
    """Close what litellm has opened in this event loop, before the loop ends; else a later test hears of it."""
    litellm = sys.modules.get("litellm")
    if litellm is not None:
        await litellm.close_litellm_async_clients()
        # A process full of tests makes more clients than litellm keeps, and what it drops it leaves unclosed.
        litellm.in_memory_llm_clients_cache.max_size_in_memory = 100_000
