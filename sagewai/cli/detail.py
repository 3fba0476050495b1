"""One run, whole: what ``runs show`` prints."""

from __future__ import annotations

import json
from datetime import datetime
from typing import TYPE_CHECKING

from sagewai.cli import shape as shapes
from sagewai.cli import words
from sagewai.cli.safe import block
from sagewai.cli.tables import Column, fields, table
from sagewai.models.execution import ExecutionDetail, StepView
from sagewai.models.run import RunOutcome

if TYPE_CHECKING:
    from sagewai.core.stores.base import Store

_STEPS = (Column("STEP", 12), Column("STATE"), Column("TRY"), Column("TOOK"), Column("RESULT", 10))
_APPROVALS = (
    Column("APPROVAL"),
    Column("STEP", 10),
    Column("STATUS"),
    Column("BY", 12),
    Column("REASON", 10),
)


async def read(store: Store, run_id: str) -> tuple[ExecutionDetail, RunOutcome, datetime]:
    """The run, how it stands, and the store's clock."""
    from sagewai.core.monitor import WorkflowMonitor

    found = await WorkflowMonitor(store=store).get_execution(run_id)
    return found, await store.get_outcome(run_id), await store.now()


def shape(found: ExecutionDetail, outcome: RunOutcome) -> dict[str, object]:
    """The run's own fields, then input, output, error, ``by`` and ``reason`` (who ended it, why), steps, approvals."""
    return {
        **shapes.model(found.run),
        "input": found.input,
        "output": found.output,
        "error": shapes.plain(found.error),
        "by": outcome.by,
        "reason": outcome.reason,
        "steps": shapes.plain(found.steps),
        "approvals": [shapes.approval(approval) for approval in found.approvals],
    }


def lines(found: ExecutionDetail, outcome: RunOutcome, now: datetime, width: int) -> list[str]:
    """For people: fields, steps, approvals, and the whole input, output and error."""
    run = found.run
    shown = fields(
        [
            ("run", run.run_id),
            ("workflow", f"{run.workflow} {run.version}".strip()),
            ("status", words.status(run)),
            ("by", outcome.by),
            ("reason", outcome.reason),
            ("pool", run.pool),
            ("labels", words.labels(run.labels)),
            ("tags", words.tags(run.tags)),
            ("priority", str(run.priority) if run.priority else ""),
            ("worker", run.worker or ""),
            ("takeovers", str(run.takeovers) if run.takeovers else ""),
            ("submitted", f"{words.clock(run.created_at)} by {run.submitted_by}"),
            ("changed", f"{words.clock(run.changed_at)} ({words.age(run.changed_at, now)} ago)"),
            ("due", words.clock(run.due_at) if run.due_at else ""),
            ("deadline", words.clock(run.deadline_at) if run.deadline_at else ""),
        ],
        width,
    )
    shown += ["", *table(_STEPS, (_step(step) for step in found.steps), width)]
    if found.approvals:
        rows = (
            (
                str(approval.id),
                approval.step,
                str(approval.status),
                words.actor(approval.decision.reviewer) if approval.decision else "",
                approval.decision.reason if approval.decision else "",
            )
            for approval in found.approvals
        )
        shown += ["", *table(_APPROVALS, rows, width)]
    if found.error is not None:
        shown += ["", "error", *block(words.error(found.error), width)]
        if found.error.traceback:
            shown += ["traceback", *block(found.error.traceback.rstrip("\n"), width)]
    shown += ["", "input", *block(words.pretty(found.input), width)]
    if found.output is not None:
        text = found.output if isinstance(found.output, str) else words.pretty(found.output)
        shown += ["output", *block(text, width)]
    return shown


def _step(step: StepView) -> tuple[str, ...]:
    took = (
        ""
        if step.duration is None
        else f"{step.duration:.2f}s"
        if step.duration < 100
        else words.span(step.duration)
    )
    if step.error is not None:
        result = words.error(step.error)
    else:
        result = "" if step.result is None else json.dumps(step.result, ensure_ascii=False)
    return step.name, step.state, f"{step.attempts}/{step.max_attempts}", took, result[:200]
