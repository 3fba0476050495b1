"""Getting about: screens by number and name, one run or approval by its id, and the way back."""

from __future__ import annotations

import os
from abc import abstractmethod
from collections.abc import Iterable, Sequence

from textual.app import App, SystemCommand
from textual.driver import Driver
from textual.screen import Screen
from textual.widget import AwaitMount

from tui import clipboard, commandline
from tui.commandline import CommandError
from tui.format import Cell, Glyphs, Role
from tui.gateway import Gateway, Missing, Unreachable
from tui.local.locals import Locals
from tui.screens.acting import RunActions
from tui.screens.base import ConsoleScreen
from tui.screens.bulking import BulkActions
from tui.screens.console import Mode
from tui.screens.dead_letters import DeadLettersScreen
from tui.screens.help import HelpScreen, keys_of
from tui.screens.jobs import JobsSheet
from tui.screens.runs import RunsScreen
from tui.theme import PALETTES
from tui.views import ActionRecord, Ref
from tui.widgets.prompt import Question

_WRITING = frozenset({"start", "bulk", "context"})
"""Commands that do more than show something."""

_TRAIL = 20
"""Screens that can be gone back to."""


class Navigation(App[None]):
    """The part of the console that knows where the operator is. ``next_context``: one to change to when it is left."""

    gateway: Gateway
    glyphs: Glyphs
    locals: Locals

    def __init__(self, *, native_colours: bool, driver_class: type[Driver] | None) -> None:
        super().__init__(driver_class=driver_class, ansi_color=True if native_colours else None)
        self._open_run: Ref | None = None
        self._wanted_approval: int | None = None
        self._trail: list[str] = []
        self.next_context: str | None = None

    @abstractmethod
    async def action_quit(self) -> None: ...

    @abstractmethod
    def lock(self) -> None: ...

    @abstractmethod
    def unlock(self, name: str) -> bool: ...

    @abstractmethod
    def start_local(self, line: str) -> Cell: ...

    # -- what screens ask ---------------------------------------------------------------------------------------------

    @property
    def open_run_ref(self) -> Ref | None:
        return self._open_run

    def take_wanted_approval(self) -> int | None:
        wanted, self._wanted_approval = self._wanted_approval, None
        return wanted

    def go(self, mode: Mode) -> AwaitMount:
        if mode != self.current_mode:
            self._trail.append(self.current_mode)
            del self._trail[:-_TRAIL]
        return self.switch_mode(mode)

    def back(self) -> None:
        if self._trail:
            self.switch_mode(self._trail.pop())

    def open_run(self, run: Ref) -> None:
        self._open_run = run
        self.go("run")
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
            self.say(Cell(f" read it, then {self.glyphs.arrow} a approves, x rejects", Role.ACCENT))
            self.poke()

        self.run_worker(find(), group="find", exclusive=True)

    def open_error(self, error_type: Ref) -> None:
        async def show() -> None:
            await self.go("dlq")
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
            front.prompt.say(
                Cell(f" {line.text}", line.role),
                explain=(Cell("   :bulk has what became of each run", Role.DIM),),
            )
            front.poke()

    def redraw_frame(self) -> None:
        """Draw the lines around the screen in front that changed."""
        front = self.front_screen()
        if front is not None and front.is_mounted:
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
            targets = front.targets() if isinstance(front, RunActions) else ()
            if len(targets) == 1:
                self._open_run = targets[0]
        self.go(mode)

    def action_leave(self) -> None:
        front = self.front_screen()
        if front is not None and not front.leave():
            self.back()

    def action_command(self) -> None:
        front = self.front_screen()
        if front is None:
            return

        async def commit(text: str) -> None:
            await self._obey(text)

        def complete(typed: str) -> Sequence[str]:
            return commandline.completions(typed, tuple(PALETTES), self.locals.completions)

        what = (Cell(" go to", Role.STRONG),)
        front.prompt.ask(Question(what, commit, " ".join(commandline.COMMANDS), ":", complete=complete))

    async def _obey(self, text: str) -> None:
        if not text:
            return
        try:
            command = commandline.parse(text)
        except CommandError as error:
            self.say(Cell(f" {self.gateway.door.shaper.short(str(error))}", Role.FAILED))
            return
        if command.verb == "lock":
            self.lock()
        elif command.verb == "unlock":
            if not self.unlock(command.argument):
                self.say(Cell(" that isn't the name this console acts by", Role.FAILED))
        elif command.verb in _WRITING and self.gateway.door.is_locked:
            self.say(Cell(f" {self.gateway.door.refusal}", Role.FAILED))
        elif command.verb == "run":
            self.open_by_text(command.argument)
        elif command.verb == "quit":
            await self.action_quit()
        elif command.verb == "help":
            self.action_help()
        elif command.verb == "theme":
            self._wear(command.argument)
        elif command.verb == "bulk":
            self._bulk(command.argument)
        elif command.verb == "start":
            await self.go("workers")
            self.say(self.start_local(command.argument))
        else:
            await self.go(command.verb)
            front = self.front_screen()
            if command.argument and isinstance(front, RunsScreen):
                front.apply(command.argument)

    def _bulk(self, argument: str) -> None:
        """The jobs there are; with a verb, a new one about what the screen in front has marked or lists."""
        front = self.front_screen()
        verb = next((verb for verb in commandline.BULK_VERBS if verb == argument), None)
        if verb is None:
            self.push_screen(JobsSheet())
        elif isinstance(front, BulkActions):
            front.bulk(verb)
        else:
            self.say(Cell(" list the runs first: in Runs, or in Dead letters", Role.WAITING))

    def _wear(self, name: str) -> None:
        if name in PALETTES:
            self.ansi_color = True if PALETTES[name].theme.ansi else None
            self.theme = name
        else:
            self.say(Cell(f" no theme is called so: use {', '.join(PALETTES)}", Role.FAILED))

    def action_help(self) -> None:
        front = self.front_screen()
        if front is not None and front is self.screen:
            self.push_screen(HelpScreen(front.MODE, keys_of(front)))

    def get_system_commands(self, screen: Screen[object]) -> Iterable[SystemCommand]:
        yield SystemCommand("runs", "every run", lambda: self.action_show("runs"))
        yield SystemCommand("run", "the run that is open", lambda: self.action_show("run"))
        yield SystemCommand("approvals", "what waits for a person", lambda: self.action_show("approvals"))
        yield SystemCommand("workers", "pools and workers", lambda: self.action_show("workers"))
        yield SystemCommand("dead letters", "what failed for good", lambda: self.action_show("dlq"))
        yield SystemCommand(
            "overview", "the whole store at a glance, and who did what", lambda: self.action_show("overview")
        )
        yield SystemCommand("bulk jobs", "one verb for many runs: how far each is", lambda: self._bulk(""))
        yield SystemCommand("lock", "cover the picture until its user is back", self.lock)
        yield SystemCommand("help", "the keys of this screen", self.action_help)
        yield SystemCommand("quit", "leave the console", self.action_quit)
