"""What an agent is, and the checks that every kind of agent makes when it is built."""

from __future__ import annotations

import inspect
from collections.abc import Awaitable, Iterable
from typing import Protocol, TypeVar

from sagewai.errors import AgentInputError, InvalidOptionError

T = TypeVar("T")

MAX_NAME = 200


class Agent(Protocol):
    """Anything with a name that answers a message. The workflow agents take any object of this shape."""

    @property
    def name(self) -> str: ...

    async def chat(self, message: str) -> str: ...


def check_name(name: object, what: str) -> str:
    """``name`` if it can stand in a path of branches and on one line of a screen; raises InvalidOptionError."""
    if not isinstance(name, str):
        raise InvalidOptionError(f"{what} is {name!r}: it must be a str")
    if not name.strip() or len(name) > MAX_NAME or "/" in name or not name.isprintable():
        raise InvalidOptionError(
            f"{what} is {name[:60]!r}: it must have 1 to {MAX_NAME} printable characters and no '/' among them"
        )
    return name


def check_agent(agent: object, where: str) -> Agent:
    """``agent`` if it has the shape of one; raises InvalidOptionError."""
    if isinstance(agent, type) or not callable(getattr(agent, "chat", None)):
        raise InvalidOptionError(
            f"{where} is {_shown(agent)}: it must be an agent, with a name and `await chat(message)`"
        )
    check_name(getattr(agent, "name", None), f"the name of {where}")
    return agent  # type: ignore[return-value]  # its shape was just checked


def check_agents(agents: object, owner: str) -> tuple[Agent, ...]:
    """At least one agent, in order; raises InvalidOptionError."""
    if isinstance(agents, str | dict) or not isinstance(agents, Iterable):
        raise InvalidOptionError(f"{owner} was given agents={_shown(agents)}: it must be a list of agents")
    checked = tuple(check_agent(agent, f"agent {at} of {owner}") for at, agent in enumerate(agents, 1))
    if not checked:
        raise InvalidOptionError(f"{owner} has no agents: give it at least one")
    return checked


def check_text(value: object, what: str) -> str:
    """``value`` if it is text; raises AgentInputError."""
    if not isinstance(value, str):
        raise AgentInputError(f"{what} is {_shown(value)}: agents take and give str")
    return value


async def settled(value: Awaitable[T] | T) -> T:
    """What a function gave that may be sync or async."""
    return await value if inspect.isawaitable(value) else value


def _shown(value: object) -> str:
    return f"the class {value.__name__}" if isinstance(value, type) else f"a {type(value).__name__}"
