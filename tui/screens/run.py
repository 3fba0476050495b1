"""Run: one run's timeline, and under it what went in, what came out, what went wrong and what happened."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import ClassVar, get_args

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical

from sagewai.models.status import RunStatus
from tui.format import Cell, Role
from tui.gateway import Missing
from tui.gateway.tabs import can_change
from tui.payload import Line
from tui.screens.run_keys import TIMELINE_KEYS, of_use_first, tab_line
from tui.screens.steering import STEERING_KEYS, Steering
from tui.views import Ref, RunView, Tab
from tui.widgets.about_run import AboutRun
from tui.widgets.bar import Bar
from tui.widgets.heading import heading, note
from tui.widgets.pane import Pane
from tui.widgets.timeline import Timeline

TABS: tuple[Tab, ...] = get_args(Tab)


class RunScreen(Steering):
    """One run, live."""

    MODE = "run"
    BINDINGS: ClassVar[list[BindingType]] = [
        *STEERING_KEYS,
        *TIMELINE_KEYS,
    ]

    def __init__(self) -> None:
        super().__init__()
        self._run: Ref | None = None
        self._view: RunView | None = None
        self._tab: Tab = "output"
        self._turned = False
        self._plain = False
        self._shown: tuple[object, ...] = ()
        self._heading = Bar(id="heading")
        self._note = Bar(id="note")
        self.timeline = Timeline(id="timeline")
        self._tabs = Bar(id="tabs")
        self.pane = Pane(id="pane")
        self._about = AboutRun(self.action_log)

    def compose_body(self) -> ComposeResult:
        with Vertical(id="body"):
            yield self._heading
            yield self._note
            yield self.timeline
            with Horizontal(id="run-parts"):
                with Vertical(id="run-tabs"):
                    yield self._tabs
                    yield self.pane
                yield self._about

    def on_mount(self) -> None:
        super().on_mount()
        self._note.display = False
        self.timeline.can_focus = False
        self.pane.focus()
        self._draw_tabs()

    def crumbs(self) -> Sequence[Cell]:
        run = self.console.open_run_ref
        glyphs = self.console.glyphs
        return (
            Cell(self.console.came_from),
            Cell(f" {glyphs.crumb} ", Role.DIM),
            Cell("no run is open" if run is None else run.text, Role.STRONG),
        )

    # -- what keys are about ------------------------------------------------------------------------------------------

    def targets(self) -> Sequence[Ref]:
        run = self.console.open_run_ref
        return () if run is None else (run,)

    def is_held(self) -> bool:
        return self._view is not None and self._view.row.is_held

    def step(self) -> Ref | None:
        at = self.timeline.chosen
        return None if at is None or self._view is None else self._view.steps[at]

    def _bound(self) -> Iterator[tuple[Binding, str]]:
        return of_use_first(super()._bound(), None if self._view is None else self._view.row)

    async def reading(self) -> tuple[str, Sequence[Line]]:
        run = self.console.open_run_ref
        return (f"{run}: {self._tab}" if run else "no run is open"), self.pane.lines

    def leave(self) -> bool:
        if not self.timeline.unchoose():
            return False
        self.poke()
        return True

    # -- drawing ------------------------------------------------------------------------------------------------------

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
        if not self._turned:
            self._tab = "error" if view.row.status is RunStatus.FAILED else "output"
        self._draw(view)
        await self._fill(run, view)

    def _forget(self, run: Ref | None) -> None:
        self._run, self._view, self._shown = run, None, ()
        self._heading.show(())
        self.timeline.show(None)
        self._about.show(None)
        self.pane.show(())

    def _draw(self, view: RunView) -> None:
        self._heading.show(*heading(view))
        cells = note(view, self.console.glyphs, self.console.habits.keymap, self.size.width)
        self._note.display = bool(cells)
        self._note.show(cells)
        self.timeline.show(view.history)
        self._about.show(view)
        self.timeline.styles.height = max(3, min(self.timeline.wanted, self.size.height // 2 - 1))

    async def _fill(self, run: Ref, view: RunView) -> None:
        """Read the tab again only if what it shows can have changed."""
        step = self.step()
        shown = (run, self._tab, step, self._plain, can_change(view, self._tab))
        if shown == self._shown:
            return
        if not self.gateway.door.affords(1):
            return
        same_tab = self._shown[:4] == shown[:4]
        lines = [
            Line(line.text, line.role, f" {line.head}", f" {line.hang}")
            for line in await self.gateway.tab(run, self._tab, step, plain=self._plain)
        ]
        if self._run == run and shown[1:4] == (self._tab, self.step(), self._plain):
            self._shown = shown
            self.pane.show(lines, keep_place=same_tab)
        self._draw_tabs()

    def on_scrolled_turned(self) -> None:
        self._draw_tabs()

    def _draw_tabs(self) -> None:
        step, place = self.step(), self.pane.place
        of = Cell(f" of {step} " if step is not None else "", Role.ACCENT)
        self._tabs.show(tab_line(TABS, self._tab), [Cell(f" {place} ", Role.DIM), of])

    # -- keys ---------------------------------------------------------------------------------------------------------

    def action_turn(self, by: int) -> None:
        """Turn to the next or previous tab, and stay with it whatever run is opened."""
        self._turned = True
        self._tab = TABS[(TABS.index(self._tab) + by) % len(TABS)]
        self._draw_tabs()
        self.poke()

    def action_choose(self, by: int) -> None:
        self.timeline.choose(by)
        self._draw_tabs()
        self.poke()

    def action_zoom(self, by: int) -> None:
        self.timeline.zoom_by(by)

    def action_pan(self, by: int) -> None:
        self.timeline.pan(by)

    def action_follow(self) -> None:
        follows = self.timeline.follow()
        self.prompt.say(
            Cell(" following what is new" if follows else " the timeline stays where it is", Role.DIM)
        )
        self.poke()

    def action_plain(self) -> None:
        self._plain = not self._plain
        self.poke()
