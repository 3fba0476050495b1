"""The operator's verbs: the gate, the dead-letter queue, the CLI and the console all call these, none writes by itself.

Each takes an actor and a reason and leaves one event that commits with what it changed. The errors are the store's.
``approvals``, ``runs``, ``bulk``, ``fleet`` (workers, pools) are the verbs by their nouns, ``checks`` what they take.
"""

from __future__ import annotations

from sagewai.core.commands.approvals import CLAIM_SECONDS, approve, claim, comment, reject, snooze, unclaim
from sagewai.core.commands.bulk import (
    SWEPT_ITEMS,
    advance_bulk,
    check_kept,
    preview_bulk,
    prune,
    start_bulk,
    stop_bulk,
)
from sagewai.core.commands.checks import (
    MAX_NAME,
    MAX_PRIORITY,
    MAX_REASON,
    a_run_id,
    check_actor,
    check_priority,
    check_reason,
    check_run_ids,
    check_text,
)
from sagewai.core.commands.fleet import (
    drain_pool,
    drain_worker,
    pause_pool,
    pause_worker,
    resume_pool,
    resume_worker,
)
from sagewai.core.commands.runs import (
    STEP_SECONDS,
    cancel,
    discard,
    fork,
    pause,
    resume,
    retry,
    set_priority,
    signal,
    step,
    unserved,
)

__all__ = [
    "CLAIM_SECONDS",
    "MAX_NAME",
    "MAX_PRIORITY",
    "MAX_REASON",
    "STEP_SECONDS",
    "SWEPT_ITEMS",
    "a_run_id",
    "advance_bulk",
    "approve",
    "cancel",
    "check_actor",
    "check_kept",
    "check_priority",
    "check_reason",
    "check_run_ids",
    "check_text",
    "claim",
    "comment",
    "discard",
    "drain_pool",
    "drain_worker",
    "fork",
    "pause",
    "pause_pool",
    "pause_worker",
    "preview_bulk",
    "prune",
    "reject",
    "resume",
    "resume_pool",
    "resume_worker",
    "retry",
    "set_priority",
    "signal",
    "snooze",
    "start_bulk",
    "step",
    "stop_bulk",
    "unclaim",
    "unserved",
]
