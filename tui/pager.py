"""Safe lines in the operator's own pager."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import PurePath

from tui import outside
from tui.outside import Lender
from tui.payload import Line


def pager(environ: Mapping[str, str]) -> list[str] | None:
    """``PAGER``, else less, else more. less is to wait for a key however short the text is."""
    words = outside.program(environ, "PAGER", otherwise=(["less"], ["more"]))
    if words and PurePath(words[0]).name == "less":
        words += ["-R", "-+F"]
    return words


async def page(
    app: Lender, title: str, lines: Sequence[Line], environ: Mapping[str, str] = os.environ
) -> bool:
    """Show the lines in a pager; False where there is none, or no terminal to run it on. While another program has the
    terminal nothing is shown: the key was meant for that one."""
    words = pager(environ)
    if app.is_away or words is None:
        return app.is_away
    try:
        return await outside.run(app, words, stdin=as_text(title, lines)) != 127
    except outside.NoTerminal:
        return False


def as_text(title: str, lines: Sequence[Line]) -> str:
    """The lines as they are read, below their title."""
    body = "\n".join(f"{line.head}{line.text}".expandtabs(4).rstrip() for line in lines)
    return f"{title}\n\n{body}\n"
