"""Edited content: the JSON schema a gate asks for, the check of an edit without the gate's code, and with it."""

from __future__ import annotations

import json
from typing import Any

from sagewai.core.payloads import Payload
from sagewai.errors import ApprovalEditInvalid, InvalidOptionError

MAX_SCHEMA = 100_000
"""Characters of a gate's schema: it is stored with each of its approvals."""


def editable(kind: Any) -> tuple[Payload, str]:
    """How the content of a gate that takes edits of this type is written and read, and the type's JSON schema (text).
    Raises InvalidOptionError for a type without one."""
    payload = Payload(kind)
    if not payload.typed:
        raise InvalidOptionError(f"allow_edit is {kind!r}: give the type that the edited content must fit")
    try:
        schema = payload.adapter.json_schema()
    except Exception as error:  # pydantic's own, and whatever a type's hook raises
        raise InvalidOptionError(
            f"allow_edit is {kind!r}, which has no JSON schema: {str(error).partition(chr(10))[0]}"
        ) from None
    text = json.dumps(schema, sort_keys=True, separators=(",", ":"))
    if len(text) > MAX_SCHEMA:
        raise InvalidOptionError(
            f"allow_edit is {kind!r}, whose JSON schema has {len(text):,} characters; the limit is {MAX_SCHEMA:,}"
        )
    return payload, text


def check_edit(schema: str, value: object) -> None:
    """Raise ApprovalEditInvalid, naming the place, unless the value fits the schema. Nothing is fetched: a schema that
    refers to somewhere else is invalid."""
    from jsonschema import Draft202012Validator
    from jsonschema.exceptions import best_match
    from referencing import Registry
    from referencing.exceptions import Unresolvable

    validator = Draft202012Validator(
        json.loads(schema), registry=Registry(), format_checker=Draft202012Validator.FORMAT_CHECKER
    )
    try:
        wrong = best_match(validator.iter_errors(value))
    except (Unresolvable, RecursionError) as error:
        raise ApprovalEditInvalid(
            f"the edit can't be checked against the gate's schema ({type(error).__name__})"
        ) from None
    if wrong is None:
        return
    place = "".join(f"[{part!r}]" for part in wrong.absolute_path)
    message = wrong.message if len(wrong.message) <= 300 else wrong.message[:297] + "..."
    raise ApprovalEditInvalid(f"the edit doesn't fit what the gate asks for: content{place}: {message}")
