"""The wire formats of OpenAI, Anthropic and Ollama: requests, and answers whole or as a stream's events."""

from __future__ import annotations

import itertools
import json
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

Wire = Literal["openai", "anthropic", "ollama", "ollama-chat"]

WIRES: Mapping[str, Wire] = {
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
        users = [message for message in self.messages if message.get("role") == "user"]
        return _text(users[-1]["content"]) if users else ""

    @property
    def messages(self) -> list[Mapping[str, Any]]:
        return list(self.body.get("messages", []))

    @property
    def roles(self) -> list[str]:
        return [message["role"] for message in self.messages]

    @property
    def system(self) -> str:
        """The text of the system message."""
        if "system" in self.body:
            return _text(self.body["system"])
        return next((_text(each["content"]) for each in self.messages if each["role"] == "system"), "")

    @property
    def tools(self) -> dict[str, Mapping[str, Any]]:
        """The JSON schemas of the tools that the model may call, by name."""
        tools = [tool.get("function", tool) for tool in self.body.get("tools", [])]
        return {tool["name"]: tool.get("parameters", tool.get("input_schema")) for tool in tools}

    @property
    def results(self) -> list[str]:
        """What the tools gave, in the order of the conversation."""
        found = []
        for message in self.messages:
            if message["role"] == "tool":
                found.append(_text(message["content"]))
            elif self.wire == "anthropic" and isinstance(message["content"], list):
                found += [
                    _text(part["content"]) for part in message["content"] if part["type"] == "tool_result"
                ]
        return found


@dataclass(frozen=True, slots=True)
class Call:
    """A tool that the model wants called; ``arguments`` as text is sent as it is, valid or not."""

    name: str
    arguments: Mapping[str, Any] | str


@dataclass(frozen=True, slots=True)
class Reply:
    """How one request is answered.

    ``text`` None is an answer without content; ``calls`` are the tools it wants called. ``status`` other than 200 is an
    error whose message is ``text``. ``body`` replaces the whole response body. ``delay`` in seconds before answering;
    ``hang`` answers never (until the endpoint closes); ``drip`` sends a byte, or a stream's event, every so many
    seconds; ``cut`` promises a body and closes the connection in the middle of it; ``short`` ends a stream in its
    middle, but in order. ``pause`` keeps a stream waiting after its first piece of text.
    """

    text: str | None = "ok"
    status: int = 200
    finish: str = "stop"
    calls: tuple[Call, ...] = ()
    headers: Mapping[str, str] | None = None
    body: str | None = None
    delay: float = 0.0
    hang: bool = False
    drip: float = 0.0
    cut: bool = False
    short: bool = False
    pause: threading.Event | None = None


def whole(request: Request, reply: Reply) -> str:
    """The body of a response that isn't a stream."""
    return json.dumps(
        _ENCODERS[request.wire](request, reply) if reply.status == 200 else _error(request, reply)
    )


def events(request: Request, reply: Reply) -> list[str]:
    """The parts of a streamed response: a word each, and half a call's arguments each."""
    return list(_STREAMS[request.wire](request, reply))


_numbers = itertools.count(1)
_CREATED = 1_700_000_000
_STOPS = {"stop": "end_turn", "length": "max_tokens", "content_filter": "refusal"}


def _text(content: object) -> str:
    if isinstance(content, str):
        return content
    return "".join(str(part.get("text", "")) for part in content) if isinstance(content, list) else ""


def _pieces(text: str | None) -> list[str]:
    """Words with the space before them."""
    words = (text or "").split(" ")
    return [word if at == 0 else f" {word}" for at, word in enumerate(words)] if text else []


def _arguments(call: Call) -> str:
    return call.arguments if isinstance(call.arguments, str) else json.dumps(call.arguments)


def _openai(request: Request, reply: Reply) -> dict[str, Any]:
    message: dict[str, Any] = {"role": "assistant", "content": reply.text}
    if reply.calls:
        message["tool_calls"] = [
            {
                "id": f"call_{next(_numbers)}",
                "type": "function",
                "function": {"name": call.name, "arguments": _arguments(call)},
            }
            for call in reply.calls
        ]
    finish = "tool_calls" if reply.calls and reply.finish == "stop" else reply.finish
    return {
        "id": f"chatcmpl-{next(_numbers)}",
        "object": "chat.completion",
        "created": _CREATED,
        "model": request.model,
        "choices": [{"index": 0, "message": message, "finish_reason": finish, "logprobs": None}],
        "usage": {"prompt_tokens": 11, "completion_tokens": 7, "total_tokens": 18},
    }


def _openai_stream(request: Request, reply: Reply) -> Iterator[str]:
    head = {
        "id": f"chatcmpl-{next(_numbers)}",
        "object": "chat.completion.chunk",
        "created": _CREATED,
        "model": request.model,
    }

    def event(delta: dict[str, Any], finish: str | None = None) -> str:
        choices = [{"index": 0, "delta": delta, "finish_reason": finish, "logprobs": None}]
        return f"data: {json.dumps({**head, 'choices': choices})}\n\n"

    yield event({"role": "assistant", "content": ""})
    for piece in _pieces(reply.text):
        yield event({"content": piece})
    for at, call in enumerate(reply.calls):
        opening = {"name": call.name, "arguments": ""}
        identity = {"index": at, "id": f"call_{next(_numbers)}", "type": "function"}
        yield event({"tool_calls": [{**identity, "function": opening}]})
        for half in _halves(_arguments(call)):
            yield event({"tool_calls": [{"index": at, "function": {"arguments": half}}]})
    yield event({}, "tool_calls" if reply.calls and reply.finish == "stop" else reply.finish)
    if request.body.get("stream_options", {}).get("include_usage"):
        usage = {"prompt_tokens": 11, "completion_tokens": 7, "total_tokens": 18}
        yield f"data: {json.dumps({**head, 'choices': [], 'usage': usage})}\n\n"
    yield "data: [DONE]\n\n"


def _anthropic(request: Request, reply: Reply) -> dict[str, Any]:
    texts = [] if reply.text is None else [{"type": "text", "text": reply.text}]
    calls = [
        {"type": "tool_use", "id": f"toolu_{next(_numbers)}", "name": call.name, "input": call.arguments}
        for call in reply.calls
    ]
    return {
        "id": f"msg_{next(_numbers)}",
        "type": "message",
        "role": "assistant",
        "model": request.model,
        "content": [*texts, *calls],
        "stop_reason": _stop(reply),
        "stop_sequence": None,
        "usage": {"input_tokens": 11, "output_tokens": 7},
    }


def _anthropic_stream(request: Request, reply: Reply) -> Iterator[str]:
    def event(kind: str, **fields: Any) -> str:
        return f"event: {kind}\ndata: {json.dumps({'type': kind, **fields})}\n\n"

    message = {**_anthropic(request, reply), "content": [], "stop_reason": None}
    yield event("message_start", message={**message, "usage": {"input_tokens": 11, "output_tokens": 1}})
    index = 0
    if reply.text is not None:
        yield event("content_block_start", index=index, content_block={"type": "text", "text": ""})
        for piece in _pieces(reply.text):
            yield event("content_block_delta", index=index, delta={"type": "text_delta", "text": piece})
        yield event("content_block_stop", index=index)
        index += 1
    for call in reply.calls:
        block = {"type": "tool_use", "id": f"toolu_{next(_numbers)}", "name": call.name, "input": {}}
        yield event("content_block_start", index=index, content_block=block)
        for half in _halves(_arguments(call)):
            yield event(
                "content_block_delta", index=index, delta={"type": "input_json_delta", "partial_json": half}
            )
        yield event("content_block_stop", index=index)
        index += 1
    yield event(
        "message_delta",
        delta={"stop_reason": _stop(reply), "stop_sequence": None},
        usage={"output_tokens": 7},
    )
    yield event("message_stop")


def _stop(reply: Reply) -> str:
    return "tool_use" if reply.calls and reply.finish == "stop" else _STOPS[reply.finish]


def _ollama(request: Request, reply: Reply) -> dict[str, Any]:
    return {"response": reply.text or "", **_ollama_tail(request, reply)}


def _ollama_stream(request: Request, reply: Reply) -> Iterator[str]:
    head = {"model": request.model, "created_at": "2025-01-01T00:00:00Z"}
    for piece in _pieces(reply.text):
        yield json.dumps({**head, "response": piece, "done": False}) + "\n"
    yield json.dumps({"response": "", **_ollama_tail(request, reply)}) + "\n"


def _ollama_chat(request: Request, reply: Reply) -> dict[str, Any]:
    message: dict[str, Any] = {"role": "assistant", "content": reply.text or ""}
    if reply.calls:
        message["tool_calls"] = [
            {"function": {"name": call.name, "arguments": call.arguments}} for call in reply.calls
        ]
    return {"message": message, **_ollama_tail(request, reply)}


def _ollama_chat_stream(request: Request, reply: Reply) -> Iterator[str]:
    head = {"model": request.model, "created_at": "2025-01-01T00:00:00Z"}
    for piece in _pieces(reply.text):
        yield json.dumps({**head, "message": {"role": "assistant", "content": piece}, "done": False}) + "\n"
    for call in reply.calls:
        wanted = [{"function": {"name": call.name, "arguments": call.arguments}}]
        message = {"role": "assistant", "content": "", "tool_calls": wanted}
        yield json.dumps({**head, "message": message, "done": False}) + "\n"
    ending = {"role": "assistant", "content": ""}
    yield json.dumps({"message": ending, **_ollama_tail(request, reply)}) + "\n"


def _ollama_tail(request: Request, reply: Reply) -> dict[str, Any]:
    return {
        "model": request.model,
        "created_at": "2025-01-01T00:00:00Z",
        "done": True,
        "done_reason": reply.finish,
        "prompt_eval_count": 11,
        "eval_count": 7,
    }


def _halves(text: str) -> tuple[str, str]:
    return text[: len(text) // 2], text[len(text) // 2 :]


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

_STREAMS: Mapping[Wire, Callable[[Request, Reply], Iterator[str]]] = {
    "openai": _openai_stream,
    "anthropic": _anthropic_stream,
    "ollama": _ollama_stream,
    "ollama-chat": _ollama_chat_stream,
}
