"""Calls the tools that a model's answer asks for: at once, each under an identity of its own, a person asked first
where the tool demands it. What goes wrong is told to the model."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeVar

from sagewai.agents.answer import Answer, Message, ToolCall
from sagewai.agents.recorded import result_of
from sagewai.agents.structured import faults
from sagewai.agents.together import OF_THE_RUN, first, told
from sagewai.agents.tools import Tool
from sagewai.core.attempt import called
from sagewai.core.context import branch, current_step
from sagewai.core.question import answer, question
from sagewai.errors import ApprovalOutsideRun, NonRetryableError
from sagewai.models.approval import ANYONE

if TYPE_CHECKING:
    from pydantic import BaseModel

    from sagewai.core.question import ApprovalDecision


R = TypeVar("R")


@dataclass(frozen=True, slots=True)
class _Ready:
    """A call that may be made."""

    tool: Tool[..., Any]
    arguments: BaseModel = field(repr=False)

    async def result(self) -> str:
        return as_result(await called(self.tool.function, **self.tool.values(self.arguments)))


@dataclass(frozen=True, slots=True)
class Toolbox:
    """The tools of one agent. ``secrets`` are taken out of what the model is told of an error."""

    agent: str
    tools: Sequence[Tool[..., Any]]
    secrets: Sequence[str] = field(default=(), repr=False)

    async def call(self, said: Answer, place: str) -> list[Message]:
        """The results of an answer's tool calls as messages, in the answer's order. ``place`` identifies the answer in
        its branch: what a tool does is in a branch of its call's own.

        Nobody's tool is called before every approval that this answer needs is there, and all calls finish before
        anything is raised: a suspension first, so that all that was asked for is asked at once, else the first failure
        that isn't the model's business.
        """
        calls = [(f"{place}.{at}", call) for at, call in enumerate(said.tool_calls, 1)]
        ready = await _together({own: self._ready(call, own) for own, call in calls})
        results = await _together({own: self._result(ready[own], own) for own, _ in calls})
        return [
            {"role": "tool", "tool_call_id": call.id, "name": call.name, "content": results[own]}
            for own, call in calls
        ]

    async def _ready(self, call: ToolCall, place: str) -> _Ready | str:
        """The call, its arguments read and agreed to, or what the model is told of why it can't be made."""
        tool = next((tool for tool in self.tools if tool.name == call.name), None)
        if tool is None:
            return f"error: there is no tool {call.name!r}; there are {', '.join(each.name for each in self.tools)}"
        arguments, wrong = _read(tool, call.arguments)
        if arguments is None:
            return f"error: {wrong}"
        if tool.requires_approval:
            with branch(place):
                arguments = await self._approved(tool, arguments)
        return _Ready(tool, arguments)

    async def _result(self, ready: _Ready | str, place: str) -> str:
        if isinstance(ready, str):
            return ready
        with branch(place):
            step = current_step()
            if step is None:
                return await self._told(ready)
            return await result_of(step, ready.tool.name, _plain(ready.arguments), lambda: self._told(ready))

    async def _told(self, ready: _Ready) -> str:
        """What the model is told of the call."""
        try:
            return await ready.result()
        except (NonRetryableError, *OF_THE_RUN):  # it ends the step: no result of the tool
            raise
        except Exception as error:
            return f"error: {told(error, self.secrets)}"

    async def _approved(self, tool: Tool[..., Any], arguments: BaseModel) -> BaseModel:
        """The arguments that a person agreed to: these, or edited ones."""
        step = current_step()
        if step is None:
            raise ApprovalOutsideRun(
                f"agent {self.agent!r} wants to call its tool {tool.name!r}, which needs approval, and no run is there "
                "to wait for it: call the agent inside a step that wf.run() or a worker executes"
            )
        prompt = f"Agent {self.agent} wants to call {tool.name}."
        context = {
            "agent": self.agent,
            "tool": tool.name,
            "arguments": _plain(arguments),
        }
        content = _content(self.agent, tool)
        decision: ApprovalDecision
        if tool.gate is not None:
            decision = await tool.gate.request_approval(
                prompt, context=context, key=tool.name, allow_edit=content
            )
        else:
            asked = question(
                step, prompt, context, key=tool.name, timeout=None, policy=ANYONE, allow_edit=content
            )
            decision = answer(step, asked, await step.records.approvals())
        agreed: BaseModel = decision.payload.arguments
        return agreed


async def _together(work: Mapping[str, Coroutine[Any, Any, R]]) -> dict[str, R]:
    """Every outcome by its place, once all are there; raises the first failure."""
    outcomes = await asyncio.gather(*work.values(), return_exceptions=True)
    failures = [
        (place, outcome)
        for place, outcome in zip(work, outcomes, strict=True)
        if isinstance(outcome, BaseException)
    ]
    if failures:
        raise first(failures)
    return dict(zip(work, outcomes, strict=True))  # type: ignore[arg-type]  # no exception is left among them


def as_result(value: object) -> str:
    """A tool's result as a model reads it: text as it is, everything else as JSON."""
    if isinstance(value, str):
        return value
    from pydantic_core import to_json

    return to_json(value, fallback=str, by_alias=True).decode()


def _read(tool: Tool[..., Any], text: str) -> tuple[BaseModel | None, str]:
    """The arguments, or None and what is wrong with them, by name."""
    from pydantic import ValidationError

    try:
        return tool.arguments.model_validate_json(text or "{}"), ""
    except ValidationError as error:
        return None, f"the arguments of {tool.name} are wrong:\n{faults(error)}"


def _plain(arguments: BaseModel) -> dict[str, Any]:
    """All that the function will get, in JSON's types: its defaults too, unless they have no such form."""
    from pydantic_core import PydanticSerializationError

    try:
        return arguments.model_dump(mode="json", by_alias=True)
    except PydanticSerializationError:
        return arguments.model_dump(mode="json", by_alias=True, exclude_unset=True)


def _content(agent: str, tool: Tool[..., Any]) -> type[BaseModel]:
    """The type of what a person is shown, and may edit: the arguments, but neither the tool nor who calls it."""
    from typing import Literal

    from pydantic import ConfigDict, create_model

    fields: dict[str, Any] = {
        "agent": (Literal[agent], ...),
        "tool": (Literal[tool.name], ...),
        "arguments": (tool.arguments, ...),
    }
    return create_model("ToolCall", __config__=ConfigDict(extra="forbid"), **fields)
