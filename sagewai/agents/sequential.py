"""An agent that hands its message through other agents, one after the other."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from typing import Any, Generic

from sagewai.agents.base import Agent, Out, as_text, check_agents, check_name, stream_of


@dataclass(frozen=True, eq=False, slots=True)
class SequentialAgent(Generic[Out]):
    """Gives the message to the first agent, each answer to the next one, and the last answer back.

    A structured answer is the next agent's message as JSON; the last one is given back as it is.
    """

    name: str
    agents: Sequence[Agent[Any]]

    def __post_init__(self) -> None:
        check_name(self.name, "SequentialAgent name")
        object.__setattr__(self, "agents", check_agents(self.agents, f"SequentialAgent {self.name!r}"))

    async def chat(self, message: str) -> Out:
        answer: Out = await self.agents[-1].chat(await self._up_to_the_last(message))
        return answer

    async def chat_stream(self, message: str) -> AsyncIterator[str]:
        """The last agent's answer as it comes; those before it answer whole."""
        message = await self._up_to_the_last(message)
        async for piece in stream_of(self.agents[-1], message):
            yield piece

    async def _up_to_the_last(self, message: str) -> str:
        for agent in self.agents[:-1]:
            message = as_text(await agent.chat(message), agent.name)
        return message
