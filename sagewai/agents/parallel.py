"""An agent that asks several agents at once and merges their answers."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Literal

from sagewai.agents.base import Agent, as_text, check_agents, check_name, check_text, settled
from sagewai.agents.together import OF_THE_RUN, first, told
from sagewai.core.context import branch
from sagewai.errors import InvalidOptionError

OnFailure = Literal["fail", "collect", "drop"]
"""What the failure of one branch does: it is raised, its text stands for the answer, or the branch is left out."""

_POLICIES = ("fail", "collect", "drop")

Merge = Callable[[Mapping[str, Any]], str | Awaitable[str]]
"""Makes one text of the answers, which come by agent name, in the order the agents were given."""


class FailedAnswer(str):
    """Stands for the answer of a branch that failed, and says why."""

    error: Exception

    def __new__(cls, error: Exception) -> FailedAnswer:
        self = super().__new__(cls, f"(no answer: {told(error)})")
        self.error = error
        return self


def sections(answers: Mapping[str, Any]) -> str:
    """Each answer under a heading with its agent's name."""
    return "\n\n".join(f"## {name}\n\n{as_text(answer, name)}" for name, answer in answers.items())


@dataclass(frozen=True, eq=False, slots=True)
class ParallelAgent:
    """Gives the same message to every agent at once; ``merge``, sync or async, makes one answer of theirs.

    Every agent runs in a branch of its own name, so the names must differ. All of them finish before anything is
    raised: then a suspension comes first (all that was asked for is asked at once), else the first failure in the
    order of the agents, one that retrying can't help before the others; the remaining ones are noted on it.

    ``on_failure`` says what the failure of a branch does, for all of them or by agent name: ``"fail"`` raises it, with
    ``"collect"`` merge gets a FailedAnswer in its place, with ``"drop"`` merge gets the others. It is raised all the
    same if no branch has an answer, or if it concerns the run rather than the branch.
    """

    name: str
    agents: Sequence[Agent[Any]]
    merge: Merge = sections
    on_failure: OnFailure | Mapping[str, OnFailure] = "fail"

    def __post_init__(self) -> None:
        check_name(self.name, "ParallelAgent name")
        owner = f"ParallelAgent {self.name!r}"
        agents = check_agents(self.agents, owner)
        twice = [name for name, count in Counter(agent.name for agent in agents).items() if count > 1]
        if twice:
            raise InvalidOptionError(
                f"{owner} has more than one agent named {twice[0]!r}: "
                "give each a name of its own, it identifies the branch"
            )
        if not callable(self.merge):
            raise InvalidOptionError(
                f"{owner} was given merge={self.merge!r}: it must be a function of the answers"
            )
        object.__setattr__(self, "agents", agents)
        object.__setattr__(
            self, "on_failure", _checked(self.on_failure, [agent.name for agent in agents], owner)
        )

    async def chat(self, message: str) -> str:
        outcomes = await asyncio.gather(
            *(self._branch(agent, message) for agent in self.agents), return_exceptions=True
        )
        answers: dict[str, Any] = {}
        failures: list[tuple[str, BaseException]] = []
        passed: list[tuple[str, BaseException]] = []
        for agent, outcome in zip(self.agents, outcomes, strict=True):
            if not isinstance(outcome, BaseException):
                answers[agent.name] = outcome
                continue
            policy = self._policy(agent.name, outcome)
            if isinstance(outcome, Exception) and policy == "collect":
                answers[agent.name] = FailedAnswer(outcome)
            (failures if policy == "fail" else passed).append((agent.name, outcome))
        if failures or len(passed) == len(self.agents):
            raise first(failures or passed)
        return check_text(
            await settled(self.merge(answers)), f"what the merge of ParallelAgent {self.name!r} returned"
        )

    async def chat_stream(self, message: str) -> AsyncIterator[str]:
        """The merged answer in one piece: it is there when every branch is."""
        yield await self.chat(message)

    def _policy(self, name: str, failure: BaseException) -> OnFailure:
        if not isinstance(failure, Exception) or isinstance(failure, OF_THE_RUN):
            return "fail"
        return self.on_failure if isinstance(self.on_failure, str) else self.on_failure.get(name, "fail")

    @staticmethod
    async def _branch(agent: Agent[Any], message: str) -> Any:
        with branch(agent.name):
            return await agent.chat(message)


def _checked(on_failure: object, names: Sequence[str], owner: str) -> OnFailure | Mapping[str, OnFailure]:
    by_name = on_failure if isinstance(on_failure, Mapping) else {None: on_failure}
    for name, policy in by_name.items():
        if name is not None and name not in names:
            raise InvalidOptionError(
                f"{owner} was given on_failure for {name!r}: it has no agent of that name"
            )
        if policy not in _POLICIES:
            raise InvalidOptionError(
                f"{owner} was given on_failure={policy!r}: it must be 'fail', 'collect' or 'drop'"
            )
    return MappingProxyType(dict(on_failure)) if isinstance(on_failure, Mapping) else on_failure  # type: ignore[return-value]
