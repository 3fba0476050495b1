"""An agent that repeats another one until its answer is good enough."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from typing import Generic, Literal

from sagewai.agents.base import Agent, Out, as_text, check_agent, check_name, settled, stream_of
from sagewai.core.retry import check_count
from sagewai.errors import InvalidOptionError, LoopLimitError

MAX_ITERATIONS = 10_000


@dataclass(frozen=True, eq=False, slots=True)
class LoopAgent(Generic[Out]):
    """Gives the message to ``agent`` and each answer to it again, until ``stop(answer)``, sync or async, is true.

    A structured answer goes round as JSON, while ``stop`` gets it as it is. At most ``max_iterations`` rounds, exactly
    as many without ``stop``. When they are used up the last answer is returned, or with ``on_limit="raise"`` a
    LoopLimitError raised.
    """

    name: str
    agent: Agent[Out]
    stop: Callable[[Out], bool | Awaitable[bool]] | None = None
    max_iterations: int = 10
    on_limit: Literal["return", "raise"] = "return"

    def __post_init__(self) -> None:
        check_name(self.name, "LoopAgent name")
        owner = f"LoopAgent {self.name!r}"
        check_agent(self.agent, f"the agent of {owner}")
        check_count(f"max_iterations of {owner}", self.max_iterations, low=1, high=MAX_ITERATIONS)
        if self.stop is not None and not callable(self.stop):
            raise InvalidOptionError(
                f"{owner} was given stop={self.stop!r}: it must be a function of the answer"
            )
        if self.on_limit not in ("return", "raise"):
            raise InvalidOptionError(
                f"{owner} was given on_limit={self.on_limit!r}: it must be 'return' or 'raise'"
            )

    async def chat(self, message: str) -> Out:
        rounds = 1
        while True:
            answer = await self.agent.chat(message)
            if self.stop is not None and await settled(self.stop(answer)):
                return answer
            if rounds == self.max_iterations:
                return self._last(answer)
            message = as_text(answer, self.agent.name)
            rounds += 1

    async def chat_stream(self, message: str) -> AsyncIterator[str]:
        """The answer in one piece: which round is the last is known after it. Without ``stop`` that is known before,
        and the last round's answer is given as it comes."""
        if self.stop is not None:
            yield as_text(await self.chat(message), self.agent.name)
            return
        for _ in range(self.max_iterations - 1):
            message = as_text(await self.agent.chat(message), self.agent.name)
        async for piece in stream_of(self.agent, message):
            yield piece

    def _last(self, answer: Out) -> Out:
        if self.on_limit == "raise" and self.stop is not None:
            raise LoopLimitError(
                f"LoopAgent {self.name!r} asked {self.agent.name!r} {self.max_iterations} times and its stop condition "
                "never held: raise max_iterations, or loosen the condition"
            )
        return answer
