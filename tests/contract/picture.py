"""Everything a store shows, as plain values: to prove that nothing changed, or that two stores agree."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from enum import Enum
from typing import Any

from sagewai.core.stores.base import Store
from sagewai.models.page import ApprovalQuery, DeadLetterQuery, RunQuery
from sagewai.models.session import Minute


async def picture(store: Store) -> dict[str, Any]:
    """All that can be read, times included: equal before and after means that nothing was written."""
    runs = (await store.list_runs(RunQuery(limit=1_000))).items
    return {
        "runs": [plain(run) for run in runs],
        "histories": {run.run_id: await history(store, run.run_id) for run in runs},
        "acted": plain(await store.get_events()),
        "audit": plain(await store.list_audit()),
        "inbox": plain((await store.list_approvals(ApprovalQuery(status=None, limit=1_000))).items),
        "dead": plain((await store.list_dead_letters(DeadLetterQuery(limit=1_000))).items),
        "groups": plain(await store.group_dead_letters()),
        "counts": plain(await store.counts()),
        "pools": plain(await store.list_pools()),
        "sessions": plain(await store.list_sessions()),
        "rates": summed(await store.rates()),
        "spending": [plain(await store.spending(by)) for by in ("workflow", "model", "day")],
    }


def summed(minutes: list[Minute]) -> dict[str, int]:
    """Over all minutes: between two looks one may have ended."""
    came: dict[str, int] = {}
    for minute in minutes:
        for status, n in minute.entered.items():
            came[status.value] = came.get(status.value, 0) + n
    return came


async def history(store: Store, run_id: str) -> dict[str, Any]:
    return {
        "outcome": plain(await store.get_outcome(run_id)),
        "input": await store.get_input(run_id),
        "results": list((await store.get_results(run_id)).items()),
        "steps": plain(await store.get_steps(run_id)),
        "attempts": plain(await store.get_attempts(run_id)),
        "events": plain(await store.get_events(run_id)),
        "approvals": plain(await store.approvals_of(run_id)),
        "waits": plain(await store.waits_of(run_id)),
        "signals": plain(await store.signals_of(run_id)),
        "calls": plain(await store.calls_of(run_id)),
        "spent": plain(await store.spent(run_id)),
        "budget": plain(await store.get_budget(run_id)),
    }


def plain(value: Any) -> Any:
    """Dataclasses and mappings as dicts, sequences as lists, enums as their values, labels with their types."""
    if is_dataclass(value) and not isinstance(value, type):
        shown = {field.name: plain(getattr(value, field.name)) for field in fields(value)}
        for key, label in shown.get("labels", {}).items():
            shown["labels"][key] = (type(label).__name__, label)
        return shown
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in sorted(value.items(), key=lambda pair: str(pair[0]))}
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    if isinstance(value, Enum):
        return value.value
    return value
