"""An agent that repeats another one until its answer is good enough."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Literal

from sagewai.agents.base import Agent, check_agent, check_name, settled
from sagewai.core.retry import check_count
from sagewai.errors import AgentError, InvalidOptionError

Stop = Callable[[str], bool | Awaitable[bool]]
"""Whether an answer ends the loop."""

MAX_ITERATIONS = 10_000


@dataclass(frozen=True, eq=False, slots=True)
class LoopAgent:
    """Gives the message to ``agent`` and each answer to it again, until ``stop(answer)``, sync or async, is true.

    At most ``max_iterations`` rounds, exactly as many without ``stop``. When they are used up the last answer is
    returned, or with ``on_limit="raise"`` an AgentError raised.
    """

    name: str
    agent: Agent
    stop: Stop | None = None
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

    async def chat(self, message: str) -> str:
        answer = message
        for _ in range(self.max_iterations):
            answer = await self.agent.chat(answer)
            if self.stop is not None and await settled(self.stop(answer)):
                return answer
        if self.on_limit == "raise" and self.stop is not None:
            raise AgentError(
                f"LoopAgent {self.name!r} asked {self.agent.name!r} {self.max_iterations} times and its stop condition "
                "never held: raise max_iterations, or loosen the condition"
            )
        return answer
