"""The offline stand-in for a language model: it quotes its prompt, and says so in every answer.

It hangs on litellm's own hook for custom providers, so agents reach it as they reach any model:
``UniversalAgent("writer", "offline/stand-in")``.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any

from sagewai.agents import llm
from tui.demo import texts

PROVIDER = "offline"
DISCLAIMER = "[Offline stand-in, not a language model: the sentences below are quoted from the prompt.]"
QUOTES = 3
SECONDS = 1.2
"""How long it takes for an answer: about what a small model takes, so that there is something to watch."""


def answer(messages: Sequence[Mapping[str, Any]]) -> str:
    """Who it is, and the most telling sentences of the last message."""
    prompt = str(messages[-1]["content"])
    quoted = texts.telling_sentences(prompt.replace(DISCLAIMER, ""), QUOTES)
    return "\n".join([DISCLAIMER, "", *quoted])


async def install() -> None:
    """Load litellm, which takes seconds, and make it call the stand-in for models named ``offline/...``."""
    litellm: Any = await llm.load()

    class StandIn(litellm.CustomLLM):  # type: ignore[misc]  # litellm is loaded at run time
        async def acompletion(self, *, messages: list[Any], model_response: Any, **_: Any) -> Any:
            await asyncio.sleep(SECONDS)
            model_response.choices[0].message.content = answer(messages)
            return model_response

    litellm.custom_provider_map = [
        *litellm.custom_provider_map,
        {"provider": PROVIDER, "custom_handler": StandIn()},
    ]
