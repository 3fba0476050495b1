"""One run, whole: what ``runs show`` prints."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from sagewai.cli import calls, words
from sagewai.cli import shape as shapes
from sagewai.cli.safe import block
from sagewai.cli.tables import Column, fields, table
from sagewai.models.call import Budget, Call, Spent
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


_LATEST = 20
"""Calls that are listed."""


@dataclass(frozen=True, slots=True)
class Account:
    """What a run's steps called, what its model calls cost, and what they may cost."""

    calls: list[Call]
    spent: Spent
    budget: Budget | None


async def read(store: Store, run_id: str) -> tuple[ExecutionDetail, RunOutcome, Account, datetime]:
    """The run, how it stands, its calls, and the store's clock."""
    from sagewai.core.monitor import WorkflowMonitor

    found = await WorkflowMonitor(store=store).get_execution(run_id)
    account = Account(await store.calls_of(run_id), await store.spent(run_id), await store.get_budget(run_id))
    return found, await store.get_outcome(run_id), account, await store.now()


def shape(found: ExecutionDetail, outcome: RunOutcome, account: Account) -> dict[str, object]:
    """The run's own fields, then input, output, error, ``by`` and ``reason`` (who ended it, why), steps, approvals,
    what was spent, and the calls without what was asked and answered (``calls list`` has that)."""
    return {
        **shapes.model(found.run),
        "input": found.input,
        "output": found.output,
        "error": shapes.plain(found.error),
        "by": outcome.by,
        "reason": outcome.reason,
        "steps": shapes.plain(found.steps),
        "approvals": [shapes.approval(approval) for approval in found.approvals],
        "spent": shapes.spent(account.spent),
        "budget": shapes.plain(account.budget),
        "calls": [calls.shape(each, whole=False) for each in calls.in_order(account.calls)],
    }


def lines(
    found: ExecutionDetail, outcome: RunOutcome, account: Account, now: datetime, width: int
) -> list[str]:
    """For people: fields, steps, approvals, the latest calls, and the whole input, output and error."""
    run, spent = found.run, account.spent
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
            ("calls", _called(spent) if spent.calls else ""),
            ("cost", words.cost(spent) if spent.calls else ""),
            ("budget", words.budget(account.budget) if account.budget else ""),
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
    if account.calls:
        latest = calls.in_order(account.calls)[-_LATEST:]
        shown += ["", *calls.lines(latest, width)]
        if len(account.calls) > len(latest):
            shown.append(f"and {len(account.calls) - len(latest):,} before: `sagewai calls list`")
    if found.error is not None:
        shown += ["", "error", *block(words.error(found.error), width)]
        if found.error.traceback:
            shown += ["traceback", *block(found.error.traceback.rstrip("\n"), width)]
    shown += ["", "input", *block(words.pretty(found.input), width)]
    if found.output is not None:
        text = found.output if isinstance(found.output, str) else words.pretty(found.output)
        shown += ["output", *block(text, width)]
    return shown


def _called(spent: Spent) -> str:
    tokens = f"{words.count(spent.input_tokens, 'token')} in, {spent.output_tokens:,} out"
    return f"{words.count(spent.calls, 'model call')}, {tokens}"


def _step(step: StepView) -> tuple[str, ...]:
    took = "" if step.duration is None else words.took(step.duration)
    if step.error is not None:
        result = words.error(step.error)
    else:
        result = "" if step.result is None else json.dumps(step.result, ensure_ascii=False)
    return step.name, step.state, f"{step.attempts}/{step.max_attempts}", took, result[:200]
