"""The ``:`` line and the palette: what they offer, and what comes of it."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Sequence

from textual.driver import Driver

from tui import commandline, filters
from tui.commandline import CommandError, Known
from tui.driver import ConsoleDriver
from tui.format import Cell, Role
from tui.gateway.lookup import run_ids
from tui.palette import Actions, Offer, offers
from tui.places import Places
from tui.recall import Recall
from tui.savedviews import ViewError
from tui.screens.bulking import BulkActions
from tui.screens.runs import RunsScreen
from tui.theme import PALETTES
from tui.widgets.prompt import Question

_ACTING = frozenset({"start", "bulk", "context"})
"""Commands that a locked console refuses."""


class Navigation(Places):
    """The part of the console that is steered by words. ``next_context``: one to change to when it is left."""

    COMMANDS = {Actions}

    next_context: str | None = None
    offered: Sequence[Offer] = ()

    def __init__(self, *, native_colours: bool, driver_class: type[Driver] | None) -> None:
        super().__init__(native_colours=native_colours, driver_class=driver_class)
        self._recalls: dict[str, Recall] = {}

    @abstractmethod
    async def action_quit(self) -> None: ...

    @abstractmethod
    def leave_by(self, leave: Callable[[], None]) -> None:
        """Leave; ask first where local workers would have to end."""

    @abstractmethod
    def lock(self) -> None: ...

    @abstractmethod
    def unlock(self, name: str) -> bool: ...

    @abstractmethod
    def start_local(self, line: str) -> Cell: ...

    # -- the palette --------------------------------------------------------------------------------------------------

    def action_command_palette(self) -> None:
        """Everything that can be done here, by name. It is gathered before the palette lies over the screen."""
        self.offered = offers(self, tuple(self.habits.views.all()), self.habits.contexts)
        super().action_command_palette()

    # -- the line -----------------------------------------------------------------------------------------------------

    def recall(self, line: str) -> Recall:
        """What was typed into a line before."""
        return self._recalls.setdefault(line, Recall())

    def action_command(self) -> None:
        front = self.front_screen()
        if front is None:
            return

        async def commit(text: str) -> None:
            await self.obey(text)

        views, contexts = tuple(self.habits.views.all()), self.habits.contexts
        seen = self.gateway.known()
        known = Known(
            themes=tuple(PALETTES),
            views=views,
            contexts=contexts,
            started=lambda typed: self.locals.completions(typed, seen.get("pool", ())),
            filters=lambda typed: filters.completions(typed, seen),
        )

        async def look_up(typed: str) -> Sequence[str]:
            prefix = commandline.run_prefix(typed)
            if prefix is None:
                return ()
            return [f"run {run_id}" for run_id in await run_ids(self.door, prefix)]

        front.prompt.ask(
            Question(
                (Cell(" go to", Role.STRONG),),
                commit,
                "tab completes, up and down: as before",
                ":",
                complete=lambda typed: commandline.completions(typed, known),
                look_up=look_up,
                recall=self.recall(":"),
            )
        )

    async def obey(self, text: str) -> None:
        """Do what a line says."""
        if not text:
            return
        try:
            command = commandline.parse(text)
        except CommandError as error:
            self._refuse(str(error))
            return
        argument = command.argument
        if command.verb in _ACTING and self.door.is_locked:
            self._refuse(self.door.refusal)
            return
        match command.verb:
            case "lock":
                self.lock()
            case "unlock":
                if not self.unlock(argument):
                    self._refuse("that isn't the name this console acts by")
            case "run":
                self.open_by_text(argument)
            case "quit":
                await self.action_quit()
            case "help":
                self.action_help()
            case "theme":
                self._wear(argument)
            case "bulk":
                self._bulk(argument)
            case "start":
                await self.go("workers")
                self.say(self.start_local(argument))
            case "view" | "save" | "forget":
                await self._view(command.verb, argument)
            case "context":
                self._change_to(argument)
            case mode:
                await self.go(mode)
                if argument:
                    self._filter(argument)

    def _bulk(self, argument: str) -> None:
        """The jobs there are; with a verb, a new one about what the screen in front has marked or lists."""
        front = self.front_screen()
        verb = next((verb for verb in commandline.BULK_VERBS if verb == argument), None)
        if verb is None:
            from tui.screens.jobs import JobsSheet

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

    async def _view(self, verb: str, name: str) -> None:
        """Show a saved view, keep the filter of the runs under a name, or forget one."""
        views, front, keys = self.habits.views, self.front_screen(), self.habits.keymap
        shown = self.door.scribe.short
        try:
            if verb == "view":
                text = views.get(name)
                await self.go("runs")
                self._filter(text)
            elif verb == "forget":
                views.forget(name)
                self.gateway.verbs.note(f"forget view {shown(name)}", "done")
                self.say(Cell(f" the view {name} is forgotten", Role.DONE))
            elif isinstance(front, RunsScreen):
                views.save(name, front.filter.text)
                self.gateway.verbs.note(f"save view {shown(name)}", f"/{shown(front.filter.text)}")
                view = keys.line("command", ":", f"view {name}")
                self.say(
                    Cell(f" {view} shows {keys.line('filter', '/', shown(front.filter.text))}", Role.DONE)
                )
            else:
                there = f"go there first, key {keys.of('runs', '1')}"
                self.say(Cell(f" a view is the filter of a list of runs: {there}", Role.WAITING))
        except ViewError as error:
            self._refuse(str(error))

    def _filter(self, text: str) -> None:
        front = self.front_screen()
        if isinstance(front, RunsScreen):
            front.apply(text)

    def _change_to(self, name: str) -> None:
        """Leave, and come back in another context. What is wrong with it is said before anything ends."""
        refusal = self.habits.refusal(name)
        if refusal:
            self._refuse(refusal)
            return

        def leave() -> None:
            self.next_context = name
            self.exit(return_code=0)

        self.leave_by(leave)

    def _refuse(self, why: str) -> None:
        self.say(Cell(f" {self.door.scribe.line(why, limit=500)}", Role.FAILED))

    def action_mouse(self) -> None:
        """The mouse for the console, or for the terminal: it can't be both's."""
        driver = self._driver
        if isinstance(driver, ConsoleDriver):
            driver.use_mouse(not driver.has_mouse)
            ours, back = driver.has_mouse, self.habits.keymap.of("mouse", "m")
            self.say(
                Cell(
                    f" the mouse moves the cursor; {back} gives it back"
                    if ours
                    else " the mouse selects text",
                    Role.DIM,
                )
            )

    def action_help(self) -> None:
        front = self.front_screen()
        if front is not None and front is self.screen:
            from tui.screens.help import HelpScreen, keys_of

            self.push_screen(HelpScreen(front.MODE, keys_of(front)))
