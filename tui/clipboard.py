"""Puts an id on the operator's clipboard: through tmux where it runs, else by the terminal's own sequence."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from tui.format import Cell, Role

if TYPE_CHECKING:
    from tui.views import Ref

_LONGEST = 55_000
"""Bytes: base64 of them stays within the 74 kB that terminals take."""


def copy(ref: Ref, environ: Mapping[str, str], to_terminal: Callable[[str], None]) -> Cell:
    """Send the id; gives what to say about it. Nothing answers, so 'sent' is all that is known."""
    if not ref.raw.isprintable():
        return Cell(" not copied: this id holds characters that a shell would obey", Role.FAILED)
    if len(ref.raw.encode()) > _LONGEST:
        return Cell(" not copied: it is longer than a terminal takes", Role.FAILED)
    if environ.get("TMUX"):
        command = ["tmux", "load-buffer", "-w", "-"]
        try:
            subprocess.run(command, input=ref.raw.encode(), timeout=0.5, check=True, capture_output=True)
        except (OSError, subprocess.SubprocessError):
            return Cell(" not copied: tmux didn't take it", Role.FAILED)
    else:
        to_terminal(ref.raw)
    return Cell(f" sent {ref} to the clipboard", Role.DIM)
