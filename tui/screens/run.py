"""Run: one run's timeline, and under it what went in, what came out, what went wrong and what happened."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar, get_args

from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Vertical

from tui.format import Cell, Role
from tui.gateway import Missing
from tui.payload import Line
from tui.screens.acting import RUN_KEYS, RunActions
from tui.screens.keys import key
from tui.text import cut_head, width
from tui.views import Ref, RunView, Tab
from tui.widgets.bar import Bar
from tui.widgets.pane import Pane
from tui.widgets.timeline import Timeline

TABS: tuple[Tab, ...] = get_args(Tab)


class RunScreen(RunActions):
    """One run, live."""

    MODE = "run"
    BINDINGS: ClassVar[list[BindingType]] = [
        *RUN_KEYS,
        key("left,h", "turn(-1)", "the tab before", shown_as="←"),
        key("right,l", "turn(1)", "tabs", shown=True, shown_as="←→"),
    ]

    def __init__(self) -> None:
        super().__init__()
        self._run: Ref | None = None
        self._view: RunView | None = None
        self._tab: Tab = "output"
        self._shown: tuple[object, ...] = ()
        self._heading = Bar(id="heading")
        self._note = Bar(id="note")
        self.timeline = Timeline(id="timeline")
        self._tabs = Bar(id="tabs")
        self.pane = Pane(id="pane")

    def compose_body(self) -> ComposeResult:
        with Vertical(id="body"):
            yield self._heading
            yield self._note
            yield self.timeline
            yield self._tabs
            yield self.pane

    def on_mount(self) -> None:
        super().on_mount()
        self._note.display = False
        self.pane.focus()
        self._draw_tabs()

    def crumbs(self) -> Sequence[Cell]:
        run = self.console.open_run_ref
        glyphs = self.console.glyphs
        return (
            Cell("runs"),
            Cell(f" {glyphs.crumb} ", Role.DIM),
            Cell("no run is open" if run is None else run.text, Role.STRONG),
        )

    def targets(self) -> Sequence[Ref]:
        run = self.console.open_run_ref
        return () if run is None else (run,)

    def is_held(self) -> bool:
        return self._view is not None and self._view.row.is_held

    async def look(self) -> None:
        run = self.console.open_run_ref
        if run != self._run:
            self._forget(run)
        if run is None:
            self.pane.show([Line("no run is open: choose one on the Runs screen", Role.DIM, head=" ")])
            return
        try:
            view = await self.gateway.run(run, calls=self._tab == "model calls")
        except Missing:
            self._forget(run)
            raise
        self._view = view
        self._draw(view)
        await self._fill(run, view)

    def _forget(self, run: Ref | None) -> None:
        self._run, self._view, self._shown = run, None, ()
        self._heading.show(())
        self.timeline.show(None)
        self.pane.show(())

    def _draw(self, view: RunView) -> None:
        row, facts = view.row, {fact.name: fact.value for fact in view.facts}
        left = [Cell(" "), row.cells["state"], Cell("  "), Cell(row.workflow, Role.STRONG)]
        left.append(
            Cell(
                f"  {row.cells['step'].text}{row.cells['step'].tail}  try {row.cells['try'].text or '-'}",
                Role.PLAIN,
            )
        )
        right = [Cell(f"  {row.cells['age'].text} ", Role.DIM)]
        if facts["worker"].text != "-":
            right.insert(0, Cell(f"on {facts['worker'].text}", Role.DIM))
        else:
            right.insert(0, Cell(f"pool {facts['pool'].text}", Role.DIM))
        if view.cost is not None and view.cost.text:
            right.insert(0, Cell(f"  {view.cost.text}  ", view.cost.role))
        self._heading.show(left, right)
        self._draw_note(view)
        self.timeline.show(view.history)
        self.timeline.styles.height = max(3, min(self.timeline.wanted, self.size.height // 2 - 1))

    def _draw_note(self, view: RunView) -> None:
        """What an operator should know first, else what a model says right now: the end of it."""
        self._note.display = bool(view.notes) or view.saying is not None
        if view.notes:
            self._note.show([Cell(f"   {view.notes[0].text}", view.notes[0].role)])
        elif view.saying is not None:
            head = f"   {view.saying.head}"
            room = self.size.width - width(head) - 1
            said = cut_head(view.saying.text, max(8, room), ellipsis=self.console.glyphs.ellipsis)
            self._note.show([Cell(head, Role.DIM), Cell(said, view.saying.role)])

    async def _fill(self, run: Ref, view: RunView) -> None:
        """Read the tab again only if what it shows can have changed."""
        lanes = view.history.lanes
        spans = sum(len(lane.spans) for lane in lanes)
        can_change = {
            "input": (),
            "output": tuple(lane.state for lane in lanes),
            "error": (spans,),
            "model calls": (view.called,),
            "events": (spans, view.row.cells["state"].text, len(view.notes)),
            "raw": (view.row.cells["state"].text, view.row.cells["try"].text, view.row.cells["step"].tail),
        }[self._tab]
        shown = (run, self._tab, can_change)
        if shown == self._shown:
            return
        same_tab = self._shown[:2] == shown[:2]
        lines = [
            Line(line.text, line.role, f" {line.head}", f" {line.hang}")
            for line in await self.gateway.tab(run, self._tab)
        ]
        if self._run == run and shown[1] == self._tab:
            self._shown = shown
            self.pane.show(lines, keep_place=same_tab)
            self._draw_tabs()

    def _draw_tabs(self) -> None:
        cells = [Cell(" ")]
        for tab in TABS:
            here = tab == self._tab
            cells.append(Cell(f"[{tab}]" if here else f" {tab} ", Role.STRONG if here else Role.DIM))
        place = self.pane.place
        self._tabs.show(cells, [Cell(f"{place} ", Role.DIM)])

    def action_turn(self, by: int) -> None:
        """Turn to the next or previous tab."""
        self._tab = TABS[(TABS.index(self._tab) + by) % len(TABS)]
        self._draw_tabs()
        self.poke()
