"""Answers that are a pydantic model: how a model is asked for one, read back, and told what was wrong. Pure."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Generic

from sagewai.agents.base import Out, shown_kind
from sagewai.errors import InvalidOptionError

if TYPE_CHECKING:
    from pydantic import ValidationError

MAX_FAULTS = 10
_FENCED = re.compile(r"\A[^{\[]*```[a-zA-Z]*\s*\n(.*?)\n?\s*```", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Output(Generic[Out]):
    """The type of an agent's answers. ``form`` is its name and JSON schema."""

    type: type[Out]
    form: Mapping[str, Any]

    def read(self, text: str) -> tuple[Out | None, str]:
        """The answer that ``text`` holds, or None and what is wrong with it, by place."""
        from pydantic import ValidationError

        fenced = _FENCED.match(text)
        try:
            found: Out = self.type.model_validate_json(fenced[1] if fenced else text.strip())  # type: ignore[attr-defined]
        except ValidationError as error:
            return None, faults(error)
        return found, ""


def output_of(kind: object, owner: str) -> Output[Any]:
    """The output type an agent was given; raises InvalidOptionError."""
    from pydantic import BaseModel

    if not isinstance(kind, type) or not issubclass(kind, BaseModel):
        shown = repr(kind) if isinstance(kind, type) else shown_kind(kind)
        raise InvalidOptionError(f"the output_type of {owner} is {shown}: it must be a pydantic model")
    name = re.sub(r"[^A-Za-z0-9_-]", "_", kind.__name__)[:64]
    return Output(kind, {"name": name, "schema": kind.model_json_schema()})


def instructed(messages: list[dict[str, Any]], form: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The conversation with the wanted form said in its system message."""
    wish = (
        f"Give your final answer as one JSON object of the type {form['name']} and nothing else: no words around it, "
        f"no code fence. Its JSON schema:\n{json.dumps(form['schema'], ensure_ascii=False)}"
    )
    first = messages[0] if messages else {}
    if first.get("role") == "system" and isinstance(first.get("content"), str):
        return [{**first, "content": f"{first['content']}\n\n{wish}"}, *messages[1:]]
    return [{"role": "system", "content": wish}, *messages]


def repair(form: Mapping[str, Any], wrong: str) -> str:
    """What a model is told about an answer that can't be read."""
    return (
        f"That is not a valid {form['name']}:\n{wrong}\n\n"
        f"Answer again with one JSON object that fits this JSON schema, and nothing else:\n"
        f"{json.dumps(form['schema'], ensure_ascii=False)}"
    )


def faults(error: ValidationError) -> str:
    """What doesn't fit, a line for each place. The values themselves are left out."""
    found = error.errors(include_url=False, include_input=False, include_context=False)
    lines = [f"{'.'.join(map(str, each['loc'])) or 'answer'}: {each['msg']}" for each in found[:MAX_FAULTS]]
    if len(found) > MAX_FAULTS:
        lines.append(f"and {len(found) - MAX_FAULTS} more")
    return "\n".join(lines)
