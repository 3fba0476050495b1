"""What an operator is used to: the context in use, keys, theme, saved views. Read once, before the console opens."""

from __future__ import annotations

from dataclasses import dataclass, field

from tui.keymap import Keymap
from tui.savedviews import SavedViews


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
