"""What a crash leaves behind: a traceback without locals, whose every character is safe to print."""

from __future__ import annotations

import traceback

from rich.text import Text
from textual.worker import WorkerFailed

from tui.text import Scribe

_LONGEST = 20_000


def report(error: BaseException, scribe: Scribe | None = None) -> Text:
    """The traceback, with secrets removed, and where to send it."""
    from sagewai.core.failure import without_secrets

    if isinstance(error, WorkerFailed):
        error = error.error  # its own traceback says nothing
    lines = "".join(traceback.TracebackException.from_exception(error, capture_locals=False).format())
    text = (scribe or Scribe()).lines(without_secrets(lines), limit=_LONGEST)
    return Text(f"sagewai-tui crashed; what the database holds is not affected.\n\n{text}")
