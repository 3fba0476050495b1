"""What a model said, whole or put together from the pieces of a stream. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from sagewai.agents.failures import Failure, Kind

Message = Mapping[str, Any]
"""A chat message in OpenAI's shape: ``{"role": "user", "content": "..."}``."""


@dataclass(frozen=True, slots=True)
class ToolCall:
    """What a model wants called. ``arguments`` is the JSON text it wrote, valid or not."""

    id: str
    name: str
    arguments: str


@dataclass(frozen=True, slots=True)
class Answer:
    """``finish`` is the provider's reason to stop, in OpenAI's words; ``model`` is who answered, by litellm's name, and
    ``tries`` counts those made for this answer, of all models. Token counts are None where the provider gave none;
    ``cost`` in USD is None where the model's price isn't known. ``position`` is the one under which a durable step has
    recorded it, 0 where none has."""

    text: str
    finish: str = ""
    tool_calls: tuple[ToolCall, ...] = ()
    model: str = ""
    input_tokens: int | None = None
    output_tokens: int | None = None
    tries: int = 1
    cost: float | None = None
    position: int = 0

    def as_message(self) -> Message:
        """As it stands in the conversation that goes on."""
        if not self.tool_calls:
            return {"role": "assistant", "content": self.text}
        calls = [
            {"id": call.id, "type": "function", "function": {"name": call.name, "arguments": call.arguments}}
            for call in self.tool_calls
        ]
        return {"role": "assistant", "content": self.text or None, "tool_calls": calls}


def read(response: Any, model: str) -> Answer | Failure:
    """The answer in a whole response."""
    choice = response.choices[0]
    calls = tuple(_call(call, at) for at, call in enumerate(choice.message.tool_calls or ()))
    incoming, outgoing = _tokens(response)
    return _judged(choice.message.content or "", choice.finish_reason or "", calls, model, incoming, outgoing)


@dataclass(slots=True)
class Pieces:
    """Gathers a stream's chunks. ``text`` is what has come so far."""

    model: str
    text: str = ""
    _finish: str = ""
    _tokens: tuple[int | None, int | None] = (None, None)
    _calls: list[list[str]] = field(default_factory=list)
    _open: dict[int, list[str]] = field(default_factory=dict)

    def add(self, chunk: Any) -> str:
        """Take a chunk in; the text that it adds, often none."""
        counted = _tokens(chunk)
        if counted != (None, None):
            self._tokens = counted
        if not chunk.choices:
            return ""
        choice = chunk.choices[0]
        self._finish = choice.finish_reason or self._finish
        for call in choice.delta.tool_calls or ():
            parts = self._open.get(call.index)
            if parts is None or (call.id and call.id != parts[0]):  # Ollama numbers each chunk's calls from 0
                parts = self._open[call.index] = [call.id or "", "", ""]
                self._calls.append(parts)
            parts[1] = parts[1] or call.function.name or ""
            parts[2] += call.function.arguments or ""
        piece: str = choice.delta.content or ""
        self.text += piece
        return piece

    def whole(self) -> Answer | Failure:
        calls = tuple(
            ToolCall(identity or f"call_{at}", name, arguments or "{}")
            for at, (identity, name, arguments) in enumerate(self._calls)
        )
        return _judged(self.text, self._finish, calls, self.model, *self._tokens)


def _judged(
    text: str,
    finish: str,
    calls: tuple[ToolCall, ...],
    model: str,
    incoming: int | None,
    outgoing: int | None,
) -> Answer | Failure:
    if finish == "content_filter" and not text.strip():
        return Failure(Kind.CONTENT)
    if calls and finish == "length":
        return Failure(Kind.NO_ROOM, detail="the token limit was reached in the middle of a tool call")
    if text.strip() or calls:
        return Answer(text, finish, calls, model, incoming, outgoing)
    if finish == "length":
        return Failure(Kind.NO_ROOM, detail="the token limit was reached before any text")
    return Failure(Kind.EMPTY, detail=f"finish reason: {finish or 'none'}")


def _call(call: Any, at: int) -> ToolCall:
    return ToolCall(call.id or f"call_{at}", call.function.name or "", call.function.arguments or "{}")


def _tokens(response: Any) -> tuple[int | None, int | None]:
    usage = getattr(response, "usage", None)
    return _count(usage, "prompt_tokens"), _count(usage, "completion_tokens")


def _count(usage: Any, name: str) -> int | None:
    count = getattr(usage, name, None)
    return count if isinstance(count, int) and count >= 0 else None
