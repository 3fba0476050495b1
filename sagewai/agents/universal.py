"""An agent that asks a model, any that litellm knows."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Generic

from sagewai.agents.answer import Message
from sagewai.agents.base import Out, as_text, check_name, check_text
from sagewai.agents.call import Said
from sagewai.agents.exchange import Exchange
from sagewai.agents.options import (
    check_conversation,
    check_fallbacks,
    check_inference,
    check_memory,
    check_option,
)
from sagewai.agents.structured import Output, output_of
from sagewai.agents.tools import Tool, check_tools
from sagewai.core.retry import RetryPolicy, check_count
from sagewai.errors import InvalidOptionError

if TYPE_CHECKING:
    from sagewai.agents.memory import Memory
    from sagewai.models.inference import InferenceParams

BACKOFF = RetryPolicy(delay=1.0, factor=2.0, max_delay=20.0, jitter=0.5)
"""About 1, 2, 4 ... 20 s between the tries of one call, each half shorter to half longer."""

MAX_RETRIES = 20
MAX_ITERATIONS = 10_000


@dataclass(frozen=True, eq=False, slots=True)
class UniversalAgent(Generic[Out]):
    """Asks ``model``, by litellm's name for it (``gpt-4o``, ``ollama/llama3.2``), with an optional system prompt.

    ``tools`` are Python functions the model may call, as often as it likes within ``max_iterations`` answers. With
    ``output_type``, a pydantic model, ``chat`` gives an instance; an answer that isn't one is asked for once more.
    ``memory`` keeps earlier turns of ``chat`` and ``chat_stream``. ``fallback_models`` are asked in order, with the
    same parameters, when a call has failed for good; endpoint and key go only to models of the same provider.

    Inside a worker its credentials win at call time: over the model, and over every parameter of ``inference`` that
    they set. A try may take ``inference.timeout`` seconds (300 by default). Rate limits, time-outs, lost connections,
    provider errors and malformed or empty answers are tried again up to ``retries`` times, after ``backoff`` or the
    wait the provider asks for, if that is at most 30 s; what another try can't help is raised at once.
    """

    name: str
    model: str
    system_prompt: str | None = field(default=None, repr=False)
    tools: Sequence[Tool[..., Any] | Callable[..., Any]] = field(default=(), repr=False, kw_only=True)
    inference: InferenceParams | None = field(default=None, repr=False, kw_only=True)
    max_iterations: int = field(default=10, repr=False, kw_only=True)
    memory: Memory | None = field(default=None, repr=False, kw_only=True)
    output_type: type[Out] | None = field(default=None, repr=False, kw_only=True)
    fallback_models: Sequence[str] = field(default=(), repr=False, kw_only=True)
    retries: int = field(default=2, repr=False, kw_only=True)
    backoff: RetryPolicy = field(default=BACKOFF, repr=False, kw_only=True)
    toolbox: tuple[Tool[..., Any], ...] = field(default=(), init=False, repr=False)
    output: Output[Out] | None = field(default=None, init=False, repr=False)

    def __post_init__(self) -> None:
        check_name(self.name, "UniversalAgent name")
        owner = f"UniversalAgent {self.name!r}"
        check_option(self.model, f"the model of {owner}", "a model's name, like 'gpt-4o'")
        if self.system_prompt is not None:
            check_option(self.system_prompt, f"the system_prompt of {owner}", "text, or None")
        if self.inference is not None:
            check_inference(self.inference, owner)
        if self.memory is not None:
            check_memory(self.memory, owner)
        check_count(f"max_iterations of {owner}", self.max_iterations, low=1, high=MAX_ITERATIONS)
        check_count(f"retries of {owner}", self.retries, low=0, high=MAX_RETRIES)
        if not isinstance(self.backoff, RetryPolicy):
            raise InvalidOptionError(f"the backoff of {owner} is {self.backoff!r}: it must be a RetryPolicy")
        object.__setattr__(self, "fallback_models", check_fallbacks(self.fallback_models, owner))
        object.__setattr__(self, "toolbox", check_tools(self.tools, owner) if self.tools else ())
        if self.output_type is not None:
            object.__setattr__(self, "output", output_of(self.output_type, owner))

    async def chat(self, message: str) -> Out:
        """The model's answer to one message. Raises ModelCallError, ToolLoopError, OutputError."""
        return await self._chat(message, None)

    async def chat_stream(self, message: str) -> AsyncIterator[str]:
        """The answer's text in pieces, as they come; what a model says before it calls tools is among them. With an
        ``output_type`` it is one piece, the answer's JSON, as nothing is known to be true of it before its end.

        Raises what ``chat`` raises; once text has been given, a call that fails isn't tried again.
        """
        if self.output is not None:
            yield as_text(await self.chat(message), self.name)
            return
        pieces: asyncio.Queue[str | None] = asyncio.Queue()
        answering = asyncio.create_task(self._chat(message, pieces.put_nowait))
        answering.add_done_callback(lambda _: pieces.put_nowait(None))
        try:
            while (piece := await pieces.get()) is not None:
                yield piece
            await answering
        finally:
            if not answering.done():  # nobody listens any more
                answering.cancel()
                await asyncio.wait({answering})
            if not answering.cancelled():
                answering.exception()

    async def chat_with_history(self, messages: Sequence[Message]) -> Out:
        """The model's answer to a conversation in OpenAI's shape, ``[{"role": "user", "content": "..."}, ...]``.

        The agent's system prompt is put before it, unless the conversation begins with one of its own. The agent's
        memory has no part in it.
        """
        conversation = check_conversation(messages, self.name)
        return await Exchange(self).answered(conversation)

    async def _chat(self, message: str, said: Said | None) -> Out:
        question = {"role": "user", "content": check_text(message, f"the message to {self.name!r}")}
        exchange = Exchange(self, said)
        return await exchange.remembered(question)
