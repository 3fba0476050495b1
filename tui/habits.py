"""What an operator is used to: the context in use, keys, theme, saved views. Read once, before the console opens."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from tui.keymap import Keymap
from tui.savedviews import SavedViews


def _no_contexts(name: str) -> str:
    return "there are no contexts: the console was opened without a configuration"


@dataclass(frozen=True, slots=True)
class Habits:
    """``context`` is '' without one, ``theme`` None where the terminal decides. ``lean`` spares a bad line: no preview,
    no colours but a state's. ``mouse``: whether it is the console's from the first frame on."""

    context: str = ""
    colour: str = ""
    contexts: tuple[str, ...] = ()
    keymap: Keymap = field(default_factory=Keymap)
    views: SavedViews = field(default_factory=SavedViews)
    theme: str | None = None
    lean: bool = False
    mouse: bool = False
    refusal: Callable[[str], str] = _no_contexts
    """Why the console can't change to a context of this name; '' if it can."""
