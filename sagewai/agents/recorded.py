"""How model calls and tool calls inside a durable step are recorded, and answered from the record."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any

from sagewai.agents.answer import Answer, ToolCall
from sagewai.core.calling import Asked, Made
from sagewai.core.codec import decode, encode
from sagewai.core.context import StepContext, current_branch
from sagewai.core.failure import known_secrets
from sagewai.core.recording import recorded
from sagewai.core.redact import HIDDEN, redact

if TYPE_CHECKING:
    from sagewai.agents.call import ModelCall

SHORTEST_KEY = 12
"""Characters of a key that is taken out of answers too; a shorter one may be a word."""


async def answer_of(
    step: StepContext,
    call: ModelCall,
    make: Callable[[], Awaitable[Answer]],
    said: Callable[[str], None] | None,
) -> Answer:
    """The answer recorded for the call, told as a whole to who listens; ``make`` asks the model where there is none."""
    keys = _Keys(call.secrets())
    content = json.dumps(call.content(), sort_keys=True, separators=(",", ":"), default=str)
    asked = Asked(
        "model",
        call.branch,
        call.agent,
        call.position,
        content,
        keys.out_of(content),
        call.asked.model,
    )
    fresh: list[Answer] = []

    async def made() -> Made:
        answer = await make()
        fresh.append(answer)
        return Made(
            encode(
                _plain(answer, keys.alone_out_of),
                what=f"the answer to {call.agent!r}",
                limit=step.calls.limit,
            ),
            answer.model,
            answer.input_tokens,
            answer.output_tokens,
            answer.cost,
        )

    kept = await recorded(step, asked, made)
    answer = _read(decode(kept.response), kept.position)
    if not fresh and said is not None and answer.text:
        said(answer.text)
    return answer


async def result_of(
    step: StepContext, tool: str, arguments: Mapping[str, Any], make: Callable[[], Awaitable[str]]
) -> str:
    """What a tool gave for these arguments (JSON values), called within the branch of its call."""
    content = json.dumps(arguments, sort_keys=True, separators=(",", ":"), default=str)
    branch = current_branch()
    asked = Asked(
        "once",
        branch,
        tool,
        step.next_position(branch, f"tool {tool}"),
        content,
        _Keys().out_of(content),
    )

    async def made() -> Made:
        return Made(encode(await make(), what=f"the result of tool {tool!r}", limit=step.calls.limit))

    result: str = decode((await recorded(step, asked, made)).response)
    return result


class _Keys:
    """The keys that this process knows, where no frame that an exception shows has them in a variable."""

    __slots__ = ("_keys",)

    def __init__(self, own: Iterable[str] = ()) -> None:
        self._keys = [*own, *known_secrets()]

    def out_of(self, text: str) -> str:
        """``text`` without them, and without what is shaped like one."""
        return redact(text, self._keys)

    def alone_out_of(self, text: str) -> str:
        for key in self._keys:
            if len(key) >= SHORTEST_KEY:
                text = text.replace(key, HIDDEN)
        return text


def _plain(answer: Answer, clean: Callable[[str], str]) -> dict[str, Any]:
    """All of it in JSON values."""
    return {
        "text": clean(answer.text),
        "finish": answer.finish,
        "tool_calls": [
            {"id": call.id, "name": call.name, "arguments": clean(call.arguments)}
            for call in answer.tool_calls
        ],
        "model": answer.model,
        "input_tokens": answer.input_tokens,
        "output_tokens": answer.output_tokens,
        "cost": answer.cost,
        "tries": answer.tries,
    }


def _read(plain: Mapping[str, Any], position: int) -> Answer:
    calls = tuple(ToolCall(call["id"], call["name"], call["arguments"]) for call in plain["tool_calls"])
    return Answer(**{**plain, "tool_calls": calls, "position": position})
