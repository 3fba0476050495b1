"""How a key is bound: at once, before the widget in focus, so that keys act in the order in which they were pressed."""

from __future__ import annotations

import re
from collections.abc import Mapping

from textual.binding import Binding

_CALL = re.compile(r"(?P<action>[a-z_]+)(?:\('(?P<word>[a-z_]+)'\)|(?P<other>\(.*\)))?\Z")

_CALLED: Mapping[str, str | None] = {
    "leave": None,  # esc leads back from everywhere
    "hold": "pause",
    "turn": "table",
    "plain": "table",
    "groups": "group",
    "zoom(1)": "zoom-in",
    "zoom(-1)": "zoom-out",
    "zoom(0)": "zoom-fit",
    "pan(-1)": "pan-left",
    "pan(1)": "pan-right",
}
"""Actions whose name on the keyboard isn't the code's; None for keys that stay as they are."""


def key(
    keys: str,
    action: str,
    what: str,
    *,
    shown: bool = False,
    shown_as: str | None = None,
    fixed: bool = False,
) -> Binding:
    """``what`` is what the help says; ``shown`` puts it into the line of keys as well. An operator may bind it to
    another key, by the name that its action has, unless it is ``fixed``."""
    name = None if fixed else named(action)
    return Binding(keys, action, what, show=shown, key_display=shown_as, priority=True, id=name)


def named(action: str) -> str | None:
    """What an operator calls an action whose key is to change; None for one whose key stays as it is."""
    if action in _CALLED:
        return _CALLED[action]
    match = _CALL.match(action)
    if match is None or match["other"]:
        return None
    return (match["word"] or match["action"]).replace("_", "-")
