"""Getting about: screens by number, one run or approval by its id, and the way back and forward again."""

from __future__ import annotations

import os
from abc import abstractmethod
from contextlib import suppress
from typing import TYPE_CHECKING

from textual.app import App, ScreenStackError
from textual.driver import Driver
from textual.widget import AwaitMount

from tui import clipboard
from tui.format import Cell, Glyphs, Role
from tui.gateway import Door, Missing, Unreachable
from tui.habits import Habits
from tui.screens.base import ConsoleScreen
from tui.screens.console import Mode
from tui.trail import Place, Trail

if TYPE_CHECKING:
    from tui.gateway import Gateway
    from tui.local.locals import Locals
    from tui.views import ActionRecord, Ref


class Places(App[None]):
    """The part of the console that knows where the operator is."""

    door: Door
    glyphs: Glyphs
    habits: Habits
    locals: Locals

    def __init__(self, *, native_colours: bool, driver_class: type[Driver] | None) -> None:
        super().__init__(driver_class=driver_class, ansi_color=True if native_colours else None)
        self._open_run: Ref | None = None
        self._wanted_approval: int | None = None
        self._trail = Trail()

    @property
    @abstractmethod
    def gateway(self) -> Gateway:
        """What reads and acts; loaded when it is first asked for."""

    # -- what screens ask ---------------------------------------------------------------------------------------------

    @property
    def open_run_ref(self) -> Ref | None:
        return self._open_run

    def take_wanted_approval(self) -> int | None:
        wanted, self._wanted_approval = self._wanted_approval, None
        return wanted

    @property
    def here(self) -> Place:
        return Place(self.current_mode, self._open_run if self.current_mode == "run" else None)

    @property
    def came_from(self) -> str:
        """The screen from which this one was reached."""
        before = self._trail.before
        return "runs" if before is None else before.mode

    def go(self, mode: Mode) -> AwaitMount:
        return self._go(Place(mode, self._open_run if mode == "run" else None))

    def back(self) -> None:
        self._return_to(self._trail.back(self.here), "nothing lies further back")

    def open_run(self, run: Ref) -> None:
        self._go(Place("run", run))
        self.poke()

    def _go(self, there: Place) -> AwaitMount:
        self._trail.go(self.here, there)
        return self._show(there)

    def _show(self, place: Place) -> AwaitMount:
        if place.run is not None:
            self._open_run = place.run
        return self.switch_mode(place.mode)

    def _return_to(self, place: Place | None, otherwise: str) -> None:
        if place is None:
            self.say(Cell(f" {otherwise}", Role.DIM))
            return
        self._show(place)
        self.poke()

    def open_by_text(self, text: str) -> None:
        """Show the run with this id, or the only one whose id begins so."""

        async def find() -> None:
            try:
                self.open_run(await self.gateway.find_run(text))
            except Missing as missing:
                self.say(Cell(f" {missing}", Role.FAILED))
            except Unreachable:
                self.say(Cell(" the database doesn't answer: try again", Role.FAILED))

        self.run_worker(find(), group="find", exclusive=True)

    def open_approval(self, run: Ref) -> None:
        async def find() -> None:
            try:
                approval = await self.gateway.pending_approval(run)
            except (Missing, Unreachable) as error:
                self.say(Cell(f" {error}", Role.FAILED))
                return
            if approval is None:
                self.say(Cell(f" {run} waits for no approval", Role.WAITING))
                return
            self._wanted_approval = approval
            self.go("approvals")
            approve, reject = self.habits.keymap.of("approve", "a"), self.habits.keymap.of("reject", "x")
            self.say(
                Cell(f" read it, then {self.glyphs.arrow} {approve} approves, {reject} rejects", Role.ACCENT)
            )
            self.poke()

        self.run_worker(find(), group="find", exclusive=True)

    def open_error(self, error_type: Ref) -> None:
        async def show() -> None:
            await self.go("dlq")
            from tui.screens.dead_letters import DeadLettersScreen

            front = self.front_screen()
            if isinstance(front, DeadLettersScreen):
                front.list_error(error_type)

        self.run_worker(show(), group="find", exclusive=True)

    def copy(self, ref: Ref) -> Cell:
        return clipboard.copy(ref, os.environ, self.copy_to_clipboard)

    def say(self, *cells: Cell) -> None:
        """Say something on the screen in front."""
        front = self.front_screen()
        if front is not None:
            front.prompt.say(*cells)

    def say_ended(self, line: Cell) -> None:
        """Say what became of a bulk job."""
        front = self.front_screen()
        if front is not None:
            jobs = self.habits.keymap.line("command", ":", "bulk")
            front.prompt.say(
                Cell(f" {line.text}", line.role),
                explain=(Cell(f"   {jobs} has what became of each run", Role.DIM),),
            )
            front.poke()

    def redraw_frame(self) -> None:
        """Draw the lines around the screen in front that changed; a console that is closing has none."""
        front = self.front_screen()
        if front is not None and front.is_mounted:
            with suppress(ScreenStackError):
                front.draw_frame()

    def report(self, record: ActionRecord) -> None:
        """Say what came of an action on the screen in front."""
        front = self.front_screen()
        if front is not None:
            front.report(record)

    def front_screen(self) -> ConsoleScreen | None:
        """The screen that the operator looks at, whatever lies over it."""
        return next(
            (screen for screen in reversed(self.screen_stack) if isinstance(screen, ConsoleScreen)), None
        )

    def poke(self) -> None:
        """Let the screen in front look again at once."""
        front = self.front_screen()
        if front is not None:
            front.poke()

    # -- keys ---------------------------------------------------------------------------------------------------------

    def action_show(self, mode: Mode) -> None:
        """A screen by its number; the Run screen without an open run takes the one under the cursor."""
        front = self.front_screen()
        if mode == "run" and self._open_run is None and front is not None:
            from tui.screens.under_cursor import run_under_cursor

            run = run_under_cursor(front)
            if run is not None:
                self._go(Place(mode, run))
                return
        self.go(mode)

    async def action_back(self) -> None:
        """The place before, whatever was opened on this screen."""
        self.back()

    def action_forward(self) -> None:
        """The place that one came back from."""
        self._return_to(self._trail.forward(self.here), "nothing lies ahead")

    def action_leave(self) -> None:
        front = self.front_screen()
        if front is not None and not front.leave() and self._trail.before is not None:
            self.back()
