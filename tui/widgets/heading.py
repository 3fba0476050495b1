"""The two lines above a run's timeline: where it stands, and what an operator should know first. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from sagewai.models.status import RunStatus
from tui.format import Cell, Glyphs, Role
from tui.keymap import Keymap
from tui.text import cut_head, width
from tui.views import RunView


def heading(view: RunView) -> tuple[Sequence[Cell], Sequence[Cell]]:
    """Left its state, workflow, step and try; right its cost, who holds it, and for how long it has stood so."""
    row, facts = view.row, {fact.name: fact.value for fact in view.facts}
    at = f"  {row.cells['step'].text}{row.cells['step'].tail}  try {row.cells['try'].text or '-'}"
    left = (Cell(" "), row.cells["state"], Cell("  "), Cell(row.workflow, Role.STRONG), Cell(at))
    where = facts["worker"].text
    right = [
        Cell(f"on {where}" if where != "-" else f"pool {facts['pool'].text}", Role.DIM),
        Cell(f"  {row.cells['age'].text} ", Role.DIM),
    ]
    if view.cost is not None and view.cost.text:
        right.insert(0, Cell(f"  {view.cost.text}  ", view.cost.role))
    return left, right


def note(view: RunView, glyphs: Glyphs, keys: Keymap, columns: int) -> Sequence[Cell]:
    """That it is held, else what went wrong or was asked, else what a model says right now: the end of it."""
    if view.held:
        return (Cell(f" {glyphs.paused} {view.held}  ", Role.PAUSED), *_let_go(view, keys))
    if view.notes:
        return (Cell(f"   {view.notes[0].text}", view.notes[0].role),)
    if view.saying is None:
        return ()
    head = f"   {view.saying.head}"
    said = cut_head(view.saying.text, max(8, columns - width(head) - 1), ellipsis=glyphs.ellipsis)
    return Cell(head, Role.DIM), Cell(said, view.saying.role)


def _let_go(view: RunView, keys: Keymap) -> Sequence[Cell]:
    """The keys that let a held run go, and where this console holds it who gets it first then."""
    here, paused = view.here, view.row.status is RunStatus.PAUSED
    step, on = keys.of("next-step", "n"), keys.of("pause", "P")
    if here is None:
        first = (Cell(f"{step} one step", Role.ACCENT), Cell("  ")) if paused else ()
        return *first, Cell(f"{on} lets it go on", Role.DIM)
    lead = Cell(f"{step} one step, {on} on: " if paused else "next: ", Role.ACCENT)
    if here.session is None:
        return lead, Cell("any worker", Role.WAITING), Cell(f" ({here.why})", Role.DIM)
    return lead, Cell(f"{here.name} here", Role.RUNNING), Cell(" first", Role.DIM)
