"""Lets an operator edit a text: in the editor they have, else in one of our own."""

from __future__ import annotations

from typing import cast

from textual.screen import Screen

from tui import editor
from tui.screens.console import Console


async def drafted(screen: Screen[None], text: str) -> str | None:
    """What the operator made of a safe text; None where they left it. Raises NotEdited. Must run in a worker."""
    made = await editor.edit(cast(Console, screen.app), text)
    if made is not None:
        return made
    from tui.screens.own_editor import OwnEditor  # costs more to load than the first frame may

    return await screen.app.push_screen_wait(OwnEditor(text))
