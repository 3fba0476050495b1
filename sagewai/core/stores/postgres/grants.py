"""Who may do what in the schema: for each kind of role, what it reads and what it writes.

The tables are named one by one, so that one nobody thought of is closed to everybody but the owner.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

KINDS = ("viewer", "operator", "approver", "worker", "owner")

PAYLOADS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "approvals": ("context",),
        "attempts": ("result", "error"),
        "calls": ("digest", "identity", "request", "response"),
        "decisions": ("payload",),
        "endings": ("error",),
        "inputs": ("input", "digest"),
        "signals": ("payload",),
        "tails": ("text",),
    }
)
"""What a viewer doesn't see; the views named ``..._overview`` show that something is there."""

OPEN = (
    *("asks", "budgets", "bulk_items", "bulk_jobs", "counter_deltas", "counters", "dead_letters"),
    *("deadlines", "definitions", "error_deltas", "error_groups", "events", "forks", "migrations"),
    *("minutes", "paused_pools", "roles"),
    *("routes", "run_tags", "runs", "session_definitions", "sessions", "spending", "spent", "waits"),
    *("approval_overview", "attempt_overview", "call_overview", "ending_overview", "input_overview"),
    *("run_overview", "signal_overview", "tail_overview"),
)
"""What everybody may read whole."""

_SWEEP = MappingProxyType(
    {
        "approvals": ("update (status, level, deadline_at)",),
        "asks": ("delete",),
        "attempts": ("insert",),
        "counter_deltas": ("insert", "delete"),
        "counters": ("insert", "update"),
        "dead_letters": ("insert",),
        "deadlines": ("delete",),
        "endings": ("insert",),
        "error_deltas": ("delete",),
        "error_groups": ("insert", "update", "delete"),
        "events": ("insert",),
        "minutes": ("insert", "update", "delete"),
        "runs": ("update",),
        "sessions": ("update",),
        "signals": ("update (taken)",),
        "tails": ("delete",),
        "waits": ("update",),
    }
)
"""What time makes due: see ``sweeping``."""

_ASKED = (
    "run, requested_at, deadline_at, revision, context_bytes, step, branch, gate, digest, prompt, context, policy, "
    "timeout"
)
"""What a step asks: an approval comes pending, and undecided."""

_SUBMIT = MappingProxyType(
    {
        "budgets": ("insert",),
        "counter_deltas": ("insert",),
        "deadlines": ("insert",),
        "definitions": ("insert",),
        "events": ("insert",),
        "inputs": ("insert",),
        "routes": ("insert",),
        "run_tags": ("insert",),
        "runs": ("insert", "update"),
        "signals": ("insert", "update (taken)"),
        "waits": ("update",),
    }
)

WRITES: Mapping[str, tuple[Mapping[str, tuple[str, ...]], ...]] = MappingProxyType(
    {
        "viewer": (),
        "approver": (),
        "operator": (
            _SWEEP,
            _SUBMIT,
            MappingProxyType(
                {
                    "asks": ("insert", "update"),
                    "dead_letters": ("delete",),
                    "endings": ("delete",),
                    "forks": ("insert",),
                    "paused_pools": ("insert", "delete"),
                }
            ),
        ),
        "worker": (
            _SWEEP,
            _SUBMIT,
            MappingProxyType(
                {
                    "approvals": (f"insert ({_ASKED})",),
                    "calls": ("insert",),
                    "session_definitions": ("insert",),
                    "sessions": ("insert",),
                    "spending": ("insert", "update"),
                    "spent": ("insert", "update"),
                    "tails": ("insert", "update"),
                    "waits": ("insert",),
                }
            ),
        ),
    }
)
"""What each kind may write; decisions and the audit nobody, they are written with the owner's rights."""

AUDITORS = ("viewer", "operator", "approver")
"""Who may read the audit."""

DECIDE = (
    "sagewai.decide(text, text, text, text, text, text, bigint, text, text, boolean)",
    "sagewai.attend(bigint, text, text, text, text, double precision, text)",
)
"""What an approver may call, and nobody else but the owner."""

BULK = (
    "sagewai.create_bulk(text, text[], text, text, text, text)",
    "sagewai.stop_bulk(bigint, text, text, text, text)",
    "sagewai.take_bulk(bigint, integer)",
    "sagewai.settle_bulk(bigint, integer[], smallint[], text[])",
)
"""What an operator may call: bulk jobs have no other writers."""
