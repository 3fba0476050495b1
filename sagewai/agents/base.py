"""What an agent is, and the checks that every kind of agent makes when it is built."""

from __future__ import annotations

import inspect
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from typing import TYPE_CHECKING, Any, Protocol

from sagewai.errors import AgentInputError, InvalidOptionError

if TYPE_CHECKING:
    from typing_extensions import TypeVar

    Out_co = TypeVar("Out_co", default=str, covariant=True)
    Out = TypeVar("Out", default=str)
    """What an agent's ``chat`` gives: text, unless the agent has another output type."""
else:  # typing's own knows no defaults before Python 3.13
    from typing import TypeVar

    Out_co = TypeVar("Out_co", covariant=True)
    Out = TypeVar("Out")

T = TypeVar("T")

MAX_NAME = 200


class Agent(Protocol[Out_co]):
    """Anything with a name that answers a message. The workflow agents take any object of this shape; one that also has
    ``chat_stream(message)``, an async iterator of pieces of text, is streamed through them."""

    @property
    def name(self) -> str: ...

    async def chat(self, message: str) -> Out_co: ...


def check_name(name: object, what: str) -> str:
    """``name`` if it can stand in a path of branches and on one line of a screen; raises InvalidOptionError."""
    if not isinstance(name, str):
        raise InvalidOptionError(f"{what} is {name!r}: it must be a str")
    if not name.strip() or len(name) > MAX_NAME or "/" in name or not name.isprintable():
        raise InvalidOptionError(
            f"{what} is {name[:60]!r}: it must have 1 to {MAX_NAME} printable characters and no '/' among them"
        )
    return name


def check_agent(agent: object, where: str) -> Agent[Any]:
    """``agent`` if it has the shape of one; raises InvalidOptionError."""
    if isinstance(agent, type) or not callable(getattr(agent, "chat", None)):
        raise InvalidOptionError(
            f"{where} is {shown_kind(agent)}: it must be an agent, with a name and `await chat(message)`"
        )
    check_name(getattr(agent, "name", None), f"the name of {where}")
    return agent  # type: ignore[return-value]  # its shape was just checked


def check_agents(agents: object, owner: str) -> tuple[Agent[Any], ...]:
    """At least one agent, in order; raises InvalidOptionError."""
    if isinstance(agents, str | dict) or not isinstance(agents, Iterable):
        raise InvalidOptionError(
            f"{owner} was given agents={shown_kind(agents)}: it must be a list of agents"
        )
    checked = tuple(check_agent(agent, f"agent {at} of {owner}") for at, agent in enumerate(agents, 1))
    if not checked:
        raise InvalidOptionError(f"{owner} has no agents: give it at least one")
    return checked


def check_text(value: object, what: str) -> str:
    """``value`` if it is text; raises AgentInputError."""
    if not isinstance(value, str):
        raise AgentInputError(f"{what} is {shown_kind(value)}: agents take str")
    return value


def as_text(answer: object, whose: str) -> str:
    """An answer as the next agent's message: text as it is, a pydantic model as its JSON. Raises AgentInputError."""
    if isinstance(answer, str):
        return answer
    to_json: Callable[[], str] | None = getattr(answer, "model_dump_json", None)
    if callable(to_json) and not isinstance(answer, type):
        return to_json()
    raise AgentInputError(
        f"the answer of {whose!r} is {shown_kind(answer)}: agents hand each other str or pydantic models"
    )


async def stream_of(agent: Agent[Any], message: str) -> AsyncIterator[str]:
    """The agent's answer as it comes, or in one piece where the agent doesn't stream."""
    stream = getattr(agent, "chat_stream", None)
    if callable(stream):
        async for piece in stream(message):
            yield piece
    else:
        yield as_text(await agent.chat(message), agent.name)


async def settled(value: Awaitable[T] | T) -> T:
    """What a function gave that may be sync or async."""
    return await value if inspect.isawaitable(value) else value


def shown_kind(value: object) -> str:
    return f"the class {value.__name__}" if isinstance(value, type) else f"a {type(value).__name__}"
