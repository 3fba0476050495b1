"""How a key is bound: at once, before the widget in focus, so that keys act in the order in which they were pressed."""

from __future__ import annotations

from textual.binding import Binding


def key(keys: str, action: str, what: str, *, shown: bool = False, shown_as: str | None = None) -> Binding:
    """``what`` is what the help says; ``shown`` puts it into the line of keys as well."""
    return Binding(keys, action, what, show=shown, key_display=shown_as, priority=True)
