"""Who did what: people's events of the store, merged with what this console did and how to do it without one. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sagewai.models.history import AUDITED, Event, EventKind
from tui.format import Cell, Role, age, exact, plural, stamp
from tui.gateway.shape import Shaper
from tui.outline import DeedRow
from tui.payload import Line
from tui.views import ActionRecord

DEEDS = AUDITED | {EventKind.SUBMITTED, EventKind.SIGNALLED}
"""Events that say what somebody did; the others follow from them."""

_NEAR = 5.0
"""Seconds between an action here and the event it left in the store, at most."""

_NAMED = 50
"""Runs of one deed that are listed."""

_VERBS: Mapping[EventKind, str] = {
    EventKind.FORKED: "forked",
    EventKind.APPROVAL_CLAIMED: "claimed the approval of",
    EventKind.APPROVAL_UNCLAIMED: "gave back the approval of",
    EventKind.APPROVAL_SNOOZED: "snoozed the approval of",
    EventKind.APPROVAL_COMMENTED: "commented on",
    EventKind.CANCEL_REQUESTED: "asked to cancel",
    EventKind.PAUSE_REQUESTED: "asked to pause",
    EventKind.PRIORITY_CHANGED: "changed the priority of",
    EventKind.SIGNALLED: "signalled",
    EventKind.STEPPED: "stepped",
}
"""Those whose word isn't the event's own."""


@dataclass(frozen=True, slots=True)
class _Deed:
    """The same done by one person to one thing after another, newest first; ``here`` is what this console knows of
    it."""

    events: tuple[Event, ...]
    here: tuple[ActionRecord, ...]

    @property
    def at(self) -> datetime:
        return max([*(event.at for event in self.events), *(record.at for record in self.here)])


def deeds(
    events: Sequence[Event], log: Sequence[ActionRecord], names: frozenset[str], now: datetime, shaper: Shaper
) -> tuple[DeedRow, ...]:
    """The newest first. ``events`` are those of people, newest first; ``names`` are those this console acts by."""
    twins, alone = _matched(events, log, names, shaper)
    found = [*_grouped(events, twins), *(_Deed((), (record,)) for record in alone)]
    found.sort(key=lambda deed: deed.at, reverse=True)
    return tuple(_row(deed, names, now, shaper) for deed in found)


def _matched(
    events: Sequence[Event], log: Sequence[ActionRecord], names: frozenset[str], shaper: Shaper
) -> tuple[dict[int, ActionRecord], list[ActionRecord]]:
    """What this console did by the event it left, and what left none: refusals, and what nobody knows the end of."""
    ours = [event for event in events if event.source == "console" and event.actor in names]
    twins: dict[int, ActionRecord] = {}
    alone: list[ActionRecord] = []
    for record in log:
        near = [
            event
            for event in ours
            if record.ok
            and record.is_told
            and event.id not in twins
            and abs((event.at - record.at).total_seconds()) <= _NEAR
            and (event.run_id is None or shaper.short(event.run_id) in record.what)
        ]
        if near:
            twins[min(near, key=lambda event: abs(event.at - record.at)).id] = record
        else:
            alone.append(record)
    return twins, alone


def _grouped(events: Sequence[Event], twins: Mapping[int, ActionRecord]) -> Iterator[_Deed]:
    group: list[Event] = []
    for event in events:
        if event.kind not in DEEDS or (event.kind is EventKind.FORKED and "source" in event.detail):
            continue  # of a fork, the new run tells no other deed than the old one
        if group and _sort(group[-1]) != _sort(event):
            yield _deed(group, twins)
            group = []
        group.append(event)
    if group:
        yield _deed(group, twins)


def _sort(event: Event) -> tuple[object, ...]:
    alone = event.id if event.run_id is None else None
    return event.kind, event.actor, event.source, event.assurance, event.reason, alone


def _deed(group: Sequence[Event], twins: Mapping[int, ActionRecord]) -> _Deed:
    return _Deed(tuple(group), tuple(twins[event.id] for event in group if event.id in twins))


def _row(deed: _Deed, names: frozenset[str], now: datetime, shaper: Shaper) -> DeedRow:
    record = deed.here[0] if deed.here else None
    event = deed.events[0] if deed.events else None
    ok = record is None or record.ok
    glyph = shaper.glyphs.done if ok else shaper.glyphs.failed
    if event is None:
        assert record is not None
        who, how, did = "you, here", "", record.what
        said = record.outcome
    else:
        mine = event.actor in names and event.source == "console"
        who = "you" if mine else shaper.short(event.actor)
        how = f"{shaper.short(event.source)}, {shaper.short(event.assurance)}"
        did = _did(deed.events, shaper)
        said = shaper.short(event.reason) or ("" if record is None else record.outcome)
    runs = dict.fromkeys(event.run_id for event in deed.events if event.run_id is not None)
    return DeedRow(
        key=f"e{deed.events[-1].id}" if deed.events else f"l{deed.at.timestamp()}",
        runs=tuple(shaper.ref(run) for run in runs),
        cells={
            "age": Cell(age((now - deed.at).total_seconds()), Role.DIM),
            "who": Cell(who, Role.ACCENT if who.startswith("you") else Role.PLAIN),
            "did": Cell(did, Role.PLAIN if ok else Role.FAILED),
            "said": Cell(f"{glyph} {said}".rstrip(), Role.DIM if ok else Role.FAILED),
            "how": Cell(how, Role.DIM),
            "twin": Cell("" if record is None else record.twin, Role.DIM),
        },
        lines=tuple(_lines(deed, who, how, did, said, list(runs), shaper)),
    )


def _lines(
    deed: _Deed, who: str, how: str, did: str, said: str, runs: Sequence[str], shaper: Shaper
) -> Iterator[Line]:
    yield Line(f"{who} {did}", Role.STRONG)
    yield Line(stamp(deed.at), Role.DIM, head="when     ")
    if deed.events:
        yield Line(f"{shaper.short(deed.events[0].actor)} ({how})", head="who      ")
    if said:
        yield Line(
            said,
            head="outcome  " if not deed.events or not deed.events[0].reason else "reason   ",
            hang=" " * 9,
        )
    for record in deed.here:
        if record.twin:
            yield Line(record.twin, Role.ACCENT, head="twin     ", hang=" " * 11)
    for run in runs[:_NAMED]:
        yield Line(shaper.short(run), head="run      ")
    if len(runs) > _NAMED:
        yield Line(f"and {len(runs) - _NAMED} more", Role.DIM, head=" " * 9)


def _runs(count: object) -> str:
    return exact(count, "run") if isinstance(count, int) else "runs"


def _did(events: Sequence[Event], shaper: Shaper) -> str:
    """``cancelled run-7``, ``retried 30 runs: run-1 …``, ``asked pool gpu to pause``."""
    event = events[0]
    detail = {key: shaper.short(str(value)) for key, value in event.detail.items()}
    if event.kind is EventKind.WORKER_ASKED:
        return f"asked worker {detail.get('worker', '?')} to {detail.get('ask', '?')}"
    if event.kind is EventKind.POOL_ASKED:
        return f"asked pool {detail.get('pool', '?')} to {detail.get('ask', '?')}"
    if event.kind is EventKind.BULK_STARTED:
        return f"began bulk job {detail.get('job')}: {detail.get('verb')} {_runs(event.detail.get('total'))}"
    if event.kind is EventKind.BULK_STOPPED:
        return f"stopped bulk job {detail.get('job')}, {detail.get('left')} left"
    if event.kind is EventKind.PRUNED:
        return f"pruned {_runs(event.detail.get('runs'))}"
    verb = _VERBS.get(event.kind, str(event.kind).replace("_", " "))
    runs = list(dict.fromkeys(each.run_id for each in events if each.run_id is not None))
    if len(runs) > 1:
        return f"{verb} {plural(len(runs), 'run')}: {shaper.short(runs[0])} and others"
    return f"{verb} {shaper.short(runs[0])}" if runs else verb
