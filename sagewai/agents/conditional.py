"""An agent that lets a condition choose which of its agents answers."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Generic

from sagewai.agents.base import Agent, Out, check_agent, check_name, settled, stream_of
from sagewai.errors import InvalidOptionError, NoBranchError

Condition = Callable[[str], str | Awaitable[str]]
"""Names the branch that a message takes."""


@dataclass(frozen=True, eq=False, slots=True)
class ConditionalAgent(Generic[Out]):
    """Gives the message to the branch that ``condition(message)``, sync or async, names.

    ``default`` answers when there is no branch of that name; without one that is a NoBranchError.
    """

    name: str
    condition: Condition
    branches: Mapping[str, Agent[Out]]
    default: Agent[Out] | None = None

    def __post_init__(self) -> None:
        check_name(self.name, "ConditionalAgent name")
        owner = f"ConditionalAgent {self.name!r}"
        if not callable(self.condition):
            raise InvalidOptionError(
                f"{owner} was given condition={self.condition!r}: it must be a function that names a branch"
            )
        branches = _checked(self.branches, owner)
        if self.default is not None:
            check_agent(self.default, f"the default of {owner}")
        object.__setattr__(self, "branches", MappingProxyType(branches))

    async def chat(self, message: str) -> Out:
        return await (await self._chosen(message)).chat(message)

    async def chat_stream(self, message: str) -> AsyncIterator[str]:
        """The chosen agent's answer as it comes."""
        async for piece in stream_of(await self._chosen(message), message):
            yield piece

    async def _chosen(self, message: str) -> Agent[Out]:
        chosen: object = await settled(self.condition(message))
        agent = self.branches.get(chosen, self.default) if isinstance(chosen, str) else self.default
        if agent is None:
            raise NoBranchError(
                f"the condition of ConditionalAgent {self.name!r} chose {_shown(chosen)}; its branches are "
                f"{', '.join(map(repr, self.branches))}: return one of these, or give it a default agent"
            )
        return agent


def _checked(branches: object, owner: str) -> dict[str, Agent[Any]]:
    if not isinstance(branches, Mapping) or not branches:
        raise InvalidOptionError(f"{owner} has no branches: give it a dict of branch name to agent")
    return {
        check_name(name, f"a branch name of {owner}"): check_agent(agent, f"branch {name!r} of {owner}")
        for name, agent in branches.items()
    }


def _shown(chosen: object) -> str:
    text = repr(chosen)
    return text if len(text) <= 80 else text[:77] + "..."
