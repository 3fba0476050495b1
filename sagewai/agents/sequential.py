"""An agent that hands its message through other agents, one after the other."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sagewai.agents.base import Agent, check_agents, check_name


@dataclass(frozen=True, eq=False, slots=True)
class SequentialAgent:
    """Gives the message to the first agent, each answer to the next one, and the last answer back."""

    name: str
    agents: Sequence[Agent]

    def __post_init__(self) -> None:
        check_name(self.name, "SequentialAgent name")
        object.__setattr__(self, "agents", check_agents(self.agents, f"SequentialAgent {self.name!r}"))

    async def chat(self, message: str) -> str:
        for agent in self.agents:
            message = await agent.chat(message)
        return message
