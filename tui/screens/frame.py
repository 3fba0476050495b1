"""What a screen's frame says: where one is, the counters, the keys; each as much as a line holds."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from textual.binding import Binding

from sagewai.models.status import RunStatus
from tui.format import Cell, Glyphs, Role, clock, context_role, number
from tui.keymap import Keymap
from tui.screens.console import Console
from tui.text import cut_head, width

if TYPE_CHECKING:
    from tui.views import ActionRecord, Totals

_FOR_ACTOR, _FOR_CLOCK = 60, 44
"""Columns from which on the top line says who acts, and what time it is: a narrower one is for how fresh all is."""

Halves = tuple[Sequence[Cell], Sequence[Cell]]
"""A line: what stands at its left end and what at its right."""


def _cells(cells: Iterable[Cell]) -> int:
    return sum(width(cell.text) for cell in cells)


def context(console: Console, crumbs: Sequence[Cell], room: int) -> Halves:
    """Which store, which screen; whether it may be written to, how fresh the picture is, who acts."""
    glyphs, door, habits = console.glyphs, console.door, console.habits
    crumb = Cell(f" {glyphs.crumb} ", Role.DIM)
    right = (
        Cell(f"  {door.access}", Role.DIM if door.access == "RW" else Role.WAITING),
        Cell("  "),
        _freshness(console),
        *((Cell(f"  {door.actor_name}", Role.DIM),) if room >= _FOR_ACTOR else ()),
        Cell(f"  {clock(door.now())} " if room >= _FOR_CLOCK else " ", Role.DIM),
    )
    here = (crumb, *crumbs)
    badge = (Cell(f" {habits.context} ", context_role(habits.colour)), Cell(" ")) if habits.context else ()
    left = room - _cells(right) - _cells(here) - _cells(badge) - len(" sagewai > ")
    place = cut_head(door.place, max(8, left), ellipsis=glyphs.ellipsis)
    return (Cell(" sagewai", Role.ACCENT), crumb, *badge, Cell(place), *here), right


def _freshness(console: Console) -> Cell:
    if console.resting:
        return Cell("resting", Role.WAITING)
    door = console.door
    return door.link.badge(door.interval) if console.looks else Cell("no focus", Role.WAITING)


def counters(totals: Totals | None, local: Cell | None, glyphs: Glyphs, room: int) -> Halves:
    """Where they don't all fit, those that are zero are left out, then the gaps: not who is stale."""
    right = () if local is None else (Cell("  "), local, Cell(" "))
    if totals is None:
        return (Cell(" ... looking", Role.DIM),), right
    counts = (
        ("PEND", totals.by_status.get(RunStatus.PENDING, 0), Role.PENDING),
        ("RUN", totals.by_status.get(RunStatus.RUNNING, 0), Role.RUNNING),
        ("WAIT", totals.by_status.get(RunStatus.WAITING, 0), Role.WAITING),
        ("FAIL", totals.by_status.get(RunStatus.FAILED, 0), Role.FAILED),
        ("APPR", totals.approvals, Role.WAITING),
        ("DLQ", totals.dead_letters, Role.FAILED),
    )
    cells = [Cell(f" {word} {number(count)} ", role if count else Role.DIM) for word, count, role in counts]
    workers = _workers(totals, glyphs)
    if _cells([*cells, *workers, *right]) > room:
        cells = [cell for cell, (_, count, _) in zip(cells, counts, strict=True) if count]
    if _cells([*cells, *workers, *right]) > room:
        cells = [*(Cell(cell.text.rstrip(), cell.role) for cell in cells[:-1]), *cells[-1:]]
    return (*cells, *workers), right


def _workers(totals: Totals, glyphs: Glyphs) -> Sequence[Cell]:
    live, stale = totals.live_workers, totals.stale_workers
    none = live == 0 and bool(totals.unserved)
    return (
        Cell(f"{glyphs.gutter} ", Role.DIM),
        Cell(f"workers {live}/{live + stale}", Role.FAILED if none else Role.PLAIN),
        *((Cell(f" ({stale} stale)", Role.FAILED),) if stale else ()),
    )


def reported(record: ActionRecord, glyphs: Glyphs, room: int) -> tuple[Cell, Sequence[Cell]]:
    """What came of an action, and below it the command that would have done the same; that one gives way, to the log,
    where the first line doesn't hold all that came of it."""
    mark, role = (glyphs.done, Role.DONE) if record.ok else (glyphs.failed, Role.FAILED)
    said = Cell(f" {mark} {record.what}: {record.outcome}", role)
    if not record.twin or width(said.text) > room:
        return said, ()
    return said, (Cell(f"   {record.twin}", Role.DIM),)


def keys(keymap: Keymap, bound: Iterable[tuple[Binding, str]], room: int) -> Halves:
    """As many of the screen's whole keys as fit, in their order, and those that work everywhere."""
    everywhere = (
        Cell(f" {keymap.of('help', '?')}", Role.ACCENT),
        Cell(" keys ", Role.DIM),
        Cell(f" {keymap.of('quit', 'q')}", Role.ACCENT),
        Cell(" quit", Role.DIM),
    )
    room -= _cells(everywhere)
    cells: list[Cell] = []
    for binding, label in bound:
        pair = (Cell(f" {keymap.shown(binding)}", Role.ACCENT), Cell(f" {label} ", Role.DIM))
        if label and _cells([*cells, *pair]) <= room:
            cells += pair
    pair = (Cell(f" {keymap.of('command', ':')}", Role.ACCENT), Cell(" go", Role.DIM))
    return ([*cells, *pair] if _cells([*cells, *pair]) <= room else cells), everywhere
