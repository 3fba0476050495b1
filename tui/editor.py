"""A text in the operator's own editor: in a file that nobody else can read and that is gone afterwards."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Mapping
from pathlib import Path

from tui import outside
from tui.outside import Lender

_USUAL = (["sensible-editor"], ["nano"], ["vim"], ["vi"])


class NotEdited(Exception):
    """The editor gave nothing back; the text says why, and is safe."""


def editor(environ: Mapping[str, str]) -> list[str] | None:
    """``VISUAL``, else ``EDITOR``, else what is usually installed; None where there is none."""
    return outside.program(environ, "VISUAL", "EDITOR", otherwise=_USUAL)


async def edit(
    app: Lender, text: str, *, suffix: str = ".json", environ: Mapping[str, str] = os.environ
) -> str | None:
    """What the operator made of ``text``; None where there is no editor, or no terminal to run it on. Raises NotEdited
    where the editor failed or left no text. ``text`` can be encoded."""
    words = editor(environ)
    if words is None:
        return None
    # A directory of its own, so that what an editor leaves beside the file goes with it.
    with tempfile.TemporaryDirectory(
        prefix="sagewai-", dir=_private(environ), ignore_cleanup_errors=True
    ) as own:
        path = Path(own, f"edit{suffix}")
        _write(path, text)
        try:
            code = await outside.run(app, [*words, str(path)])
        except outside.NoTerminal:
            return None
        if code:
            raise NotEdited(f"the editor ended with code {code}: nothing was changed")
        return _read(path)


def _write(path: Path, text: str) -> None:
    """Into a file that nobody else can read."""
    with open(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "w", encoding="utf-8") as file:
        file.write(text)


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        raise NotEdited("the editor left no text that can be read: nothing was changed") from None


def _private(environ: Mapping[str, str]) -> str | None:
    """The user's own directory in memory, where there is one."""
    directory = environ.get("XDG_RUNTIME_DIR", "")
    return directory if directory and os.access(directory, os.W_OK) else None
