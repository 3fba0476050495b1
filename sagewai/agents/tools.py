"""Plain Python functions as tools: what a model is shown of one, and how its arguments are read."""

from __future__ import annotations

import functools
import inspect
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Generic, ParamSpec, TypeVar, overload

from sagewai.agents.base import shown_kind
from sagewai.agents.docstring import described
from sagewai.core.functions import hints_of
from sagewai.errors import InvalidOptionError

if TYPE_CHECKING:
    from pydantic import BaseModel

    from sagewai.core.approval import ApprovalGate

P = ParamSpec("P")
R = TypeVar("R")

_NAME = re.compile(r"[A-Za-z0-9_-]{1,64}")


@dataclass(frozen=True, eq=False, slots=True)
class Tool(Generic[P, R]):
    """A function that models may call; ``tool`` makes one, and agents make one of each plain function they are given.

    Calling it calls the function. ``arguments`` is a pydantic model of the parameters, whose fields have their names as
    aliases. With ``requires_approval`` a person must agree to each call.
    """

    name: str
    description: str
    function: Callable[P, R] = field(repr=False)
    arguments: type[BaseModel] = field(repr=False)
    schema: Mapping[str, Any] = field(repr=False)
    requires_approval: bool = False
    gate: ApprovalGate | None = field(default=None, repr=False)

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> R:
        return self.function(*args, **kwargs)

    def as_shown(self) -> dict[str, Any]:
        """What a model is shown, in OpenAI's shape."""
        shown = {"name": self.name, "description": self.description, "parameters": dict(self.schema)}
        return {"type": "function", "function": shown}

    def values(self, arguments: BaseModel) -> dict[str, Any]:
        """The parameters that were given, by name, in the types of their annotations."""
        fields = type(arguments).model_fields
        return {
            str(fields[name].alias): getattr(arguments, name)
            for name in fields
            if name in arguments.model_fields_set
        }


@overload
def tool(function: Callable[P, R], /) -> Tool[P, R]: ...


@overload
def tool(
    *,
    name: str | None = None,
    description: str | None = None,
    requires_approval: bool = False,
    gate: ApprovalGate | None = None,
) -> Callable[[Callable[P, R]], Tool[P, R]]: ...


def tool(
    function: Callable[P, R] | None = None,
    /,
    *,
    name: str | None = None,
    description: str | None = None,
    requires_approval: bool = False,
    gate: ApprovalGate | None = None,
) -> Tool[P, R] | Callable[[Callable[P, R]], Tool[P, R]]:
    """Make a function, sync or async, a tool: ``@tool`` or ``@tool(requires_approval=True)``.

    Its name, its docstring and its annotations are what a model learns of it; ``name`` and ``description`` replace the
    first two. With ``requires_approval``, or a ``gate`` to ask at, each call waits until a person approves exactly its
    arguments. Raises InvalidOptionError for a function that can't be described to a model.
    """
    if function is None:
        return functools.partial(
            _made, name=name, description=description, approval=requires_approval, gate=gate
        )
    return _made(function, name=name, description=description, approval=requires_approval, gate=gate)


def check_tools(tools: object, owner: str) -> tuple[Tool[..., Any], ...]:
    """Each as a Tool, in order; raises InvalidOptionError, also where two have one name."""
    if isinstance(tools, str | Mapping) or not isinstance(tools, Iterable):
        raise InvalidOptionError(
            f"the tools of {owner} are {shown_kind(tools)}: they must be a list of functions"
        )
    checked: dict[str, Tool[..., Any]] = {}
    for each in tools:
        made = each if isinstance(each, Tool) else _made(each)
        if made.name in checked:
            raise InvalidOptionError(
                f"{owner} has two tools named {made.name!r}: give one another, with @tool(name=...)"
            )
        checked[made.name] = made
    return tuple(checked.values())


def _made(
    function: Callable[P, R],
    *,
    name: str | None = None,
    description: str | None = None,
    approval: bool = False,
    gate: ApprovalGate | None = None,
) -> Tool[P, R]:
    if isinstance(function, type) or not callable(function):
        raise InvalidOptionError(f"a tool is {shown_kind(function)}: it must be a function")
    called = name if name is not None else getattr(function, "__name__", type(function).__name__)
    if not isinstance(called, str) or not _NAME.fullmatch(called):
        raise InvalidOptionError(
            f"a tool is named {called!r}: models take 1 to 64 letters, digits, '_' and '-'; use @tool(name=...)"
        )
    if gate is not None and not callable(getattr(gate, "request_approval", None)):
        raise InvalidOptionError(
            f"the gate of tool {called!r} is {shown_kind(gate)}: it must be an ApprovalGate"
        )
    what, of_parameters = described(inspect.getdoc(function) if hasattr(function, "__name__") else "")
    arguments = _arguments(called, function, of_parameters)
    return Tool(
        name=called,
        description=what if description is None else description,
        function=function,
        arguments=arguments,
        schema=_schema(arguments),
        requires_approval=bool(approval) or gate is not None,
        gate=gate,
    )


def _arguments(name: str, function: Callable[..., Any], of_parameters: Mapping[str, str]) -> type[BaseModel]:
    from pydantic import ConfigDict, Field, create_model
    from pydantic.errors import PydanticUserError

    hints = _hints(name, function)
    fields: dict[str, Any] = {}
    for at, parameter in enumerate(inspect.signature(function).parameters.values()):
        if parameter.kind not in (parameter.POSITIONAL_OR_KEYWORD, parameter.KEYWORD_ONLY):
            raise InvalidOptionError(
                f"tool {name!r} takes {_starred(parameter)}: a model gives each argument by a name of its own"
            )
        default = ... if parameter.default is parameter.empty else parameter.default
        about = of_parameters.get(parameter.name)
        # A parameter may have any name, and many are taken in a pydantic model.
        fields[f"argument_{at}"] = (
            hints.get(parameter.name, Any),
            Field(default, alias=parameter.name, description=about),
        )
    try:
        made: type[BaseModel] = create_model(name, __config__=ConfigDict(extra="forbid"), **fields)
        made.model_json_schema()
    except PydanticUserError as error:  # its children say which annotation has no schema
        raise InvalidOptionError(
            f"tool {name!r} has a parameter that can't be described to a model: {str(error).splitlines()[0]}"
        ) from None
    return made


def _hints(name: str, function: Callable[..., Any]) -> dict[str, Any]:
    try:
        return hints_of(function)
    except NameError as error:
        raise InvalidOptionError(f"tool {name!r} has an annotation that can't be resolved: {error}") from None


def _schema(arguments: type[BaseModel]) -> dict[str, Any]:
    from pydantic.json_schema import GenerateJsonSchema

    class Untitled(GenerateJsonSchema):
        """Titles repeat the names, and cost tokens."""

        def field_title_should_be_set(self, schema: Any) -> bool:
            return False

    schema = arguments.model_json_schema(by_alias=True, schema_generator=Untitled)
    schema.pop("title", None)
    schema.setdefault("properties", {})
    return schema


def _starred(parameter: inspect.Parameter) -> str:
    if parameter.kind is parameter.POSITIONAL_ONLY:
        return f"{parameter.name!r} by position alone"
    return f"{'*' if parameter.kind is parameter.VAR_POSITIONAL else '**'}{parameter.name}"
