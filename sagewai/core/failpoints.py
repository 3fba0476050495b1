"""Failpoints: places where the fault tests kill or freeze this very process, to show that nothing is lost there.

``SAGEWAI_FAILPOINTS="after STEP_DONE=kill@3, before commit=freeze"`` kills the process the third time it gets past the
recording of a step, and stops it (SIGSTOP) the first time it is about to commit. Unset, a failpoint does nothing.
"""

from __future__ import annotations

import itertools
import os
import re
import signal
from collections.abc import Callable

from sagewai.errors import InvalidOptionError

VARIABLE = "SAGEWAI_FAILPOINTS"

PLACES = frozenset(
    {
        "claimed",  # the store has given runs, none of them is started
        "step begins",
        "step ended",  # its body has had its effect, nothing is recorded
        "before commit",  # of the committer's batch
        "after commit",  # nobody has heard of it
        "before decide",
        "after decide",
        "bulk item",  # one of a batch is carried out, nothing of the batch is committed
        *(
            f"{when} {move}"  # of one run's move: handed to the committer, its verdict heard
            for when in ("before", "after")
            for move in (
                *("STEP_DONE", "COMPLETED", "RETRY", "RETRY_LATER", "PARK"),
                *("FAILED", "REJECTED", "CANCELLED", "RELEASED", "REFUSED"),
            )
        ),
    }
)
_ACTIONS = {"kill": signal.SIGKILL, "freeze": signal.SIGSTOP} if os.name == "posix" else {}
_FORM = re.compile(r"(?P<place>[a-zA-Z_ ]+?)\s*=\s*(?P<action>[a-z]+)(?:@(?P<nth>[1-9]\d{0,8}))?")


def arm(text: str) -> Callable[[str], None]:
    """What ``reach`` does under these settings. Raises InvalidOptionError, naming what can't be read."""
    armed: dict[str, tuple[int, int]] = {}
    for item in filter(None, map(str.strip, text.split(","))):
        match = _FORM.fullmatch(item)
        if match is None or match["place"] not in PLACES or match["action"] not in _ACTIONS:
            raise InvalidOptionError(
                f"{VARIABLE} holds {item!r}: it takes PLACE=kill or PLACE=freeze, @N for the Nth time"
            )
        armed[match["place"]] = (_ACTIONS[match["action"]], int(match["nth"] or 1))
    counts = {place: itertools.count(1) for place in armed}

    def reach(place: str) -> None:
        if place in armed and next(counts[place]) == armed[place][1]:
            os.kill(os.getpid(), armed[place][0])

    return reach


def _pass(place: str) -> None:
    """Nothing is armed."""


reach: Callable[[str], None] = arm(os.environ[VARIABLE]) if os.environ.get(VARIABLE) else _pass
"""Call it where a fault test may want this process to end."""
