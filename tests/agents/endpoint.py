"""A model endpoint on loopback that speaks the OpenAI, Anthropic and Ollama wire formats and misbehaves on request."""

from __future__ import annotations

import itertools
import json
import os
import threading
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler
from socketserver import ThreadingTCPServer
from typing import Any, Literal

FAKE_KEY = "sk-loopback-fake-key"

Wire = Literal["openai", "anthropic", "ollama", "ollama-chat"]

_WIRES: Mapping[str, Wire] = {
    "/chat/completions": "openai",
    "/v1/messages": "anthropic",
    "/api/generate": "ollama",
    "/api/chat": "ollama-chat",
}


@dataclass(frozen=True, slots=True)
class Request:
    """One request as it arrived. ``headers`` have lower-case names."""

    wire: Wire
    path: str
    headers: Mapping[str, str]
    body: Mapping[str, Any]

    @property
    def model(self) -> str:
        return str(self.body.get("model", ""))

    @property
    def key(self) -> str:
        """The API key it carried, in whichever header the wire format uses; '' without one."""
        return self.headers.get("x-api-key") or self.headers.get("authorization", "").removeprefix("Bearer ")

    @property
    def prompt(self) -> str:
        """The text of the last user message (Ollama's generate: the whole prompt)."""
        if "prompt" in self.body:
            return str(self.body["prompt"])
        users = [message for message in self.body.get("messages", []) if message.get("role") == "user"]
        return _text(users[-1]["content"]) if users else ""

    @property
    def roles(self) -> list[str]:
        return [message["role"] for message in self.body.get("messages", [])]


@dataclass(frozen=True, slots=True)
class Reply:
    """How one request is answered.

    ``text`` None is an answer without content. ``status`` other than 200 is an error whose message is ``text``.
    ``body`` replaces the whole response body. ``delay`` in seconds before answering; ``hang`` answers never (until
    the endpoint closes); ``drip`` sends a byte every so many seconds; ``cut`` promises a body and closes the
    connection in the middle of it.
    """

    text: str | None = "ok"
    status: int = 200
    finish: str = "stop"
    headers: Mapping[str, str] | None = None
    body: str | None = None
    delay: float = 0.0
    hang: bool = False
    drip: float = 0.0
    cut: bool = False


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

    def __init__(self, answer: Callable[[Request], str] | None = None) -> None:
        self.requests: list[Request] = []
        self.strays: list[str] = []
        self.answer = answer or (lambda request: f"{request.model} says: {request.prompt}")
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
        return reply or Reply(self.answer(request))


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
        wire = next((wire for end, wire in _WIRES.items() if self.path.split("?")[0].endswith(end)), None)
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
        body = reply.body
        if body is None:
            body = json.dumps(
                _ENCODERS[request.wire](request, reply) if reply.status == 200 else _error(request, reply)
            )
        self._send(reply.status, body, reply)

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


_numbers = itertools.count(1)
_CREATED = 1_700_000_000


def _text(content: object) -> str:
    if isinstance(content, str):
        return content
    return "".join(str(part.get("text", "")) for part in content) if isinstance(content, list) else ""


def _openai(request: Request, reply: Reply) -> dict[str, Any]:
    return {
        "id": f"chatcmpl-{next(_numbers)}",
        "object": "chat.completion",
        "created": _CREATED,
        "model": request.model,
        "choices": [
            {
                "index": 0,
                "message": {"role": "assistant", "content": reply.text},
                "finish_reason": reply.finish,
                "logprobs": None,
            }
        ],
        "usage": {"prompt_tokens": 11, "completion_tokens": 7, "total_tokens": 18},
    }


def _anthropic(request: Request, reply: Reply) -> dict[str, Any]:
    stops = {"stop": "end_turn", "length": "max_tokens", "content_filter": "refusal"}
    return {
        "id": f"msg_{next(_numbers)}",
        "type": "message",
        "role": "assistant",
        "model": request.model,
        "content": [] if reply.text is None else [{"type": "text", "text": reply.text}],
        "stop_reason": stops[reply.finish],
        "stop_sequence": None,
        "usage": {"input_tokens": 11, "output_tokens": 7},
    }


def _ollama(request: Request, reply: Reply) -> dict[str, Any]:
    return {"response": reply.text or "", **_ollama_tail(request, reply)}


def _ollama_chat(request: Request, reply: Reply) -> dict[str, Any]:
    return {"message": {"role": "assistant", "content": reply.text or ""}, **_ollama_tail(request, reply)}


def _ollama_tail(request: Request, reply: Reply) -> dict[str, Any]:
    return {
        "model": request.model,
        "created_at": "2025-01-01T00:00:00Z",
        "done": True,
        "done_reason": reply.finish,
        "prompt_eval_count": 11,
        "eval_count": 7,
    }


def _error(request: Request, reply: Reply) -> dict[str, Any]:
    if request.wire.startswith("ollama"):
        return {"error": reply.text}
    if request.wire == "anthropic":
        kinds = {401: "authentication_error", 429: "rate_limit_error", 529: "overloaded_error"}
        return {
            "type": "error",
            "error": {"type": kinds.get(reply.status, "api_error"), "message": reply.text},
        }
    return {"error": {"message": reply.text, "type": "error", "param": None, "code": None}}


_ENCODERS: Mapping[Wire, Callable[[Request, Reply], dict[str, Any]]] = {
    "openai": _openai,
    "anthropic": _anthropic,
    "ollama": _ollama,
    "ollama-chat": _ollama_chat,
}
