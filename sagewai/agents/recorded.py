"""How model calls and tool calls inside a durable step are recorded, and answered from the record."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from sagewai.agents.answer import Answer, ToolCall
from sagewai.core.codec import decode, encode
from sagewai.core.context import StepContext, current_branch
from sagewai.core.failure import known_secrets
from sagewai.core.recording import Asked, Made, recorded
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
    content = json.dumps(call.content(), sort_keys=True, separators=(",", ":"), default=str)
    asked = Asked(
        "model",
        call.branch,
        call.agent,
        call.position,
        content,
        redact(content, _secrets(call)),
        call.asked.model,
    )
    fresh: list[Answer] = []

    async def made() -> Made:
        answer = await make()
        fresh.append(answer)
        return Made(
            encode(
                _plain(answer, _secrets(call)), what=f"the answer to {call.agent!r}", limit=step.calls.limit
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
        redact(content, known_secrets()),
    )

    async def made() -> Made:
        return Made(encode(await make(), what=f"the result of tool {tool!r}", limit=step.calls.limit))

    result: str = decode((await recorded(step, asked, made)).response)
    return result


def _secrets(call: ModelCall) -> list[str]:
    """Never kept in a variable of a frame that an exception may show."""
    return [*call.secrets(), *known_secrets()]


def _plain(answer: Answer, secrets: Iterable[str]) -> dict[str, Any]:
    """All of it in JSON values, without the keys that this process knows."""
    keys: Sequence[str] = [secret for secret in secrets if len(secret) >= SHORTEST_KEY]

    def clean(text: str) -> str:
        for key in keys:
            text = text.replace(key, HIDDEN)
        return text

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
