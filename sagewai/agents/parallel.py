"""An agent that asks several agents at once and merges their answers."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass

from sagewai.agents.base import Agent, check_agents, check_name, check_text, settled
from sagewai.core.context import branch
from sagewai.errors import InvalidOptionError, NonRetryableError, Suspension

Merge = Callable[[Mapping[str, str]], str | Awaitable[str]]
"""Makes one text of the answers, which come by agent name, in the order the agents were given."""


def sections(answers: Mapping[str, str]) -> str:
    """Each answer under a heading with its agent's name."""
    return "\n\n".join(f"## {name}\n\n{answer}" for name, answer in answers.items())


@dataclass(frozen=True, eq=False, slots=True)
class ParallelAgent:
    """Gives the same message to every agent at once; ``merge`` makes one answer of theirs.

    Every agent runs in a branch of its own name, so the names must differ. All of them finish before anything is
    raised: then a suspension comes first (all that was asked for is asked at once), else the first failure in the
    order of the agents, one that retrying can't help before the others; the remaining ones are noted on it.
    """

    name: str
    agents: Sequence[Agent]
    merge: Merge = sections

    def __post_init__(self) -> None:
        check_name(self.name, "ParallelAgent name")
        agents = check_agents(self.agents, f"ParallelAgent {self.name!r}")
        twice = [name for name, count in Counter(agent.name for agent in agents).items() if count > 1]
        if twice:
            raise InvalidOptionError(
                f"ParallelAgent {self.name!r} has more than one agent named {twice[0]!r}: "
                "give each a name of its own, it identifies the branch"
            )
        if not callable(self.merge):
            raise InvalidOptionError(
                f"ParallelAgent {self.name!r} was given merge={self.merge!r}: it must be a function of the answers"
            )
        object.__setattr__(self, "agents", agents)

    async def chat(self, message: str) -> str:
        outcomes = await asyncio.gather(
            *(self._branch(agent, message) for agent in self.agents), return_exceptions=True
        )
        answers: dict[str, str] = {}
        failures: list[tuple[str, BaseException]] = []
        for agent, outcome in zip(self.agents, outcomes, strict=True):
            if isinstance(outcome, BaseException):
                failures.append((agent.name, outcome))
            else:
                answers[agent.name] = outcome
        if failures:
            raise _first(failures)
        return check_text(
            await settled(self.merge(answers)), f"what the merge of ParallelAgent {self.name!r} returned"
        )

    @staticmethod
    async def _branch(agent: Agent, message: str) -> str:
        with branch(agent.name):
            return await agent.chat(message)


def _first(failures: list[tuple[str, BaseException]]) -> BaseException:
    name, first = min(failures, key=lambda failure: _rank(failure[1]))
    for other_name, other in failures:
        if other is not first and not isinstance(other, Suspension):
            first.add_note(
                f"beside branch {name!r}, branch {other_name!r} failed too: {type(other).__name__}: {other}"
            )
    return first


def _rank(failure: BaseException) -> int:
    if isinstance(failure, Suspension):
        return 0
    if not isinstance(failure, Exception):
        return 1
    return 2 if isinstance(failure, NonRetryableError) else 3
