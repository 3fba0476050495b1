"""What a verb takes: a name, a reason, a priority, ids, as every store can keep them; and a new run's id."""

from __future__ import annotations

import base64
import secrets
import time
from collections.abc import Sequence

from sagewai.core.codec import shown
from sagewai.errors import InvalidOptionError
from sagewai.models.actor import Actor

MAX_NAME = 200
"""Characters of a name, an id or a pool."""

MAX_REASON = 4_000
"""Characters of a reason."""

MAX_PRIORITY = 1_000
"""Priorities lie between minus this and this; higher goes first."""


def check_actor(actor: Actor) -> Actor:
    """Raise InvalidOptionError unless the actor has a name that can be stored."""
    if not check_text("the actor's name", actor.name, limit=200).strip():
        raise InvalidOptionError("the actor has no name: every decision and operation says who made it")
    return actor


def check_reason(reason: str) -> str:
    """Raise InvalidOptionError unless the reason can be stored."""
    return check_text("the reason", reason, limit=MAX_REASON)


def check_run_ids(run_ids: Sequence[str]) -> Sequence[str]:
    """Raise InvalidOptionError unless they can be ids of runs."""
    if isinstance(run_ids, str):
        raise InvalidOptionError(f"the runs are one text, {run_ids[:60]!r}: give a list of ids")
    for run_id in run_ids:
        check_text("a run's id", run_id, limit=MAX_NAME, empty=False)
    return run_ids


def check_priority(priority: object) -> int:
    """Raise InvalidOptionError unless it is an int that every store can order."""
    if isinstance(priority, bool) or not isinstance(priority, int) or abs(priority) > MAX_PRIORITY:
        raise InvalidOptionError(
            f"priority is {shown(priority)}: it must be an int from -{MAX_PRIORITY} to {MAX_PRIORITY}"
        )
    return priority


def check_text(what: str, text: object, *, limit: int, empty: bool = True) -> str:
    """Raise InvalidOptionError unless ``text`` is a str that every store keeps as it is."""
    if not isinstance(text, str):
        raise InvalidOptionError(f"{what} is a {type(text).__name__}: it must be a str")
    if not empty and not text.strip():
        raise InvalidOptionError(f"{what} is blank")
    if len(text) > limit:
        raise InvalidOptionError(f"{what} has {len(text):,} characters; the limit is {limit:,}")
    if "\0" in text or any("\ud800" <= character <= "\udfff" for character in text):
        raise InvalidOptionError(f"{what} holds NUL or a lone surrogate, which no database stores")
    return text


def a_run_id(workflow: str) -> str:
    """``<workflow>-<12 characters>``. The first two of them change about every minute and are the same for all who make
    one then, the others are random: what is submitted together lies together in a store's index of ids, which each
    change of a status goes through."""
    minute = int(time.time() // 64) % 1024
    when = base64.b32encode((minute << 6).to_bytes(2, "big"))[:2].decode().lower()
    return (
        f"{workflow[: MAX_NAME - 13]}-{when}{base64.b32encode(secrets.token_bytes(7))[:10].decode().lower()}"
    )
