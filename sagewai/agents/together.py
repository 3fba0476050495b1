"""What runs side by side in an agent and failed: which failure is raised, and how the others are told. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from sagewai.core.failure import known_secrets
from sagewai.core.redact import redact
from sagewai.errors import LeaseLost, NonRetryableError, RunError, StoreError, Suspension

OF_THE_RUN = (RunError, StoreError, LeaseLost)
"""Failures that concern the run and not what was asked of one branch or tool: they always end the step."""

MAX_TOLD = 2_000


def first(failures: Sequence[tuple[str, BaseException]]) -> BaseException:
    """The one to raise of failures by branch: a suspension, as all that was asked for is asked at once, else the first
    in order, one that retrying can't help before the others. The remaining ones are noted on it."""
    name, chosen = min(failures, key=lambda failure: _rank(failure[1]))
    for other_name, other in failures:
        if other is not chosen and not isinstance(other, Suspension):
            chosen.add_note(f"beside branch {name!r}, branch {other_name!r} failed too: {told(other)}")
    return chosen


def told(error: BaseException, secrets: Sequence[str] = ()) -> str:
    """An exception's class and message, without secrets."""
    try:
        said = str(error)
    except Exception:  # somebody else's class: a broken __str__ must not replace the failure
        said = ""
    text = f"{type(error).__name__}: {said}" if said else type(error).__name__
    text = redact(text, [*secrets, *known_secrets()])
    return text if len(text) <= MAX_TOLD else text[: MAX_TOLD - 3] + "..."


def _rank(failure: BaseException) -> int:
    if isinstance(failure, Suspension):
        return 0
    if not isinstance(failure, Exception):
        return 1
    return 2 if isinstance(failure, (NonRetryableError, *OF_THE_RUN)) else 3
