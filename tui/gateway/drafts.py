"""An approval's content as a reviewer edits it: the text that goes to an editor, and what comes back, checked. Pure."""

from __future__ import annotations

import json
from typing import Any

from sagewai.core.codec import encode
from sagewai.core.edits import check_edit
from sagewai.errors import SagewaiError
from sagewai.models.approval import Approval
from tui.gateway.compare import between
from tui.gateway.shape import Shaper
from tui.text import is_hidden, width
from tui.views import Draft, Ref


def editable(text: str, *, ascii_only: bool = False) -> str:
    """JSON text for an editor: indented, and what a terminal would obey or hide is escaped, as JSON allows."""
    shown = json.dumps(json.loads(text), indent=2, ensure_ascii=ascii_only)
    return f"{escaped(shown)}\n"


def escaped(text: str) -> str:
    r"""JSON text in which nothing moves a cursor or hides: such characters become ``\uXXXX``. Line ends stay."""
    if text.isascii() and text.replace("\n", "").isprintable():
        return text
    return "".join(
        _escape(character)
        if character != "\n" and (is_hidden(character) or not width(character))
        else character
        for character in text
    )


def draft(approval: Approval, digest: Ref, text: str, limit: int, shaper: Shaper) -> Draft | None:
    """What was edited, checked against the gate's schema; None if nothing was changed. Raises SagewaiError."""
    # The command reads its --edit in the same way: the console is to take what it takes, and nothing else.
    from sagewai.cli.parse import json_value

    value: Any = json_value(text, "the content")
    schema = approval.policy.edit_schema
    if schema is None:
        raise SagewaiError("this gate doesn't take edited content: approve or reject it as it is")
    check_edit(schema, value)
    return _drafted(approval, digest, encode(value, what="content", limit=limit), approval.context, shaper)


def allowance(
    approval: Approval, digest: Ref, amount: dict[str, float | int], further: str, shaper: Shaper
) -> Draft | None:
    """Another amount than the budget would allow further, which is ``further``, JSON text."""
    merged = {**json.loads(further), **amount}
    return _drafted(approval, digest, encode(amount), further, shaper, shown=encode(merged))


def _drafted(
    approval: Approval,
    digest: Ref,
    payload: str,
    old: str | None,
    shaper: Shaper,
    *,
    shown: str | None = None,
) -> Draft | None:
    changed = between(old or "null", shown or payload, shaper)
    if not changed:
        return None
    return Draft(approval.id, digest, Ref(payload, shaper.short(payload)), changed)


def _escape(character: str) -> str:
    return json.dumps(character)[1:-1]
