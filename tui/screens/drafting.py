"""Lets an operator edit a text: in the editor they have, else in one of our own."""

from __future__ import annotations

from textual.app import App

from tui import editor


async def drafted(app: App[None], text: str) -> str | None:
    """What the operator made of a safe text; None where they left it. Raises NotEdited. Must run in a worker."""
    made = editor.edit(app, text)
    if made is not None:
        return made
    from tui.screens.own_editor import OwnEditor  # costs more to load than the first frame may

    return await app.push_screen_wait(OwnEditor(text))
