"""What can be done to the one run that is open: send it a signal, hold it, let it go one step, compare it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import ClassVar

from textual.binding import Binding, BindingType

from sagewai.models.right import Right
from tui.format import Cell, Role
from tui.gateway import Missing, Unreachable, steering
from tui.screens.acting import RUN_KEYS, RunActions
from tui.screens.keys import key
from tui.views import Ref
from tui.widgets.prompt import Question

_ROOM = frozenset({"decide('approve')", "decide('reject')", "retry", "cancel", "hold", "discard", "fork"})
"""Of the keys of every run those that stand in the line of keys here too, where they are of use."""

STEERING_KEYS: tuple[BindingType, ...] = (
    *(
        key(each.key, each.action, each.description, shown=each.action in _ROOM)
        for each in RUN_KEYS
        if isinstance(each, Binding)
    ),
    key("S", "signal", "signal", shown=True),
    key("h", "hold_here", "hold it here, before its next step"),
    key("n", "next_step", "one step further, while it is held"),
    key("d", "compare", "compare with another run"),
)


class Steering(RunActions):
    """A screen about one run."""

    WRITES: ClassVar[Mapping[str, Right]] = {
        **RunActions.WRITES,
        "signal": Right.SUBMIT,
        "hold_here": Right.OPERATE,
        "next_step": Right.OPERATE,
    }

    def _open_run(self) -> Ref | None:
        return next(iter(self.targets()), None)

    def action_compare(self) -> None:
        run = self._open_run()
        if run is None:
            return

        async def commit(text: str) -> None:
            try:
                other = await self.gateway.find_run(text)
            except (Missing, Unreachable) as error:
                self.prompt.say(Cell(f" {error}", Role.FAILED))
                return
            self.compare(run, other)

        what = (Cell(f" compare {run} with", Role.STRONG),)
        self.prompt.ask(Question(what, commit, "a run's id, or how it begins", "run", required=True))

    # -- signals ------------------------------------------------------------------------------------------------------

    def action_signal(self) -> None:
        run = self._open_run()
        if run is None:
            return

        async def ask() -> None:
            try:
                names = await steering.awaited_signals(self.gateway.door, run)
            except (Missing, Unreachable) as error:
                self.prompt.say(Cell(f" {error}", Role.FAILED))
                return
            self._ask_name(run, names)

        self.run_worker(ask(), group="signal", exclusive=True)

    def _ask_name(self, run: Ref, names: Sequence[str]) -> None:
        async def commit(name: str) -> None:
            self._ask_payload(run, name, "null")

        waits = (
            f"it waits for {', '.join(names[:3])}"
            if names
            else "it waits for none now: it is kept until a step does"
        )
        self.prompt.ask(
            Question(
                (Cell(f" signal to {run}", Role.STRONG),),
                commit,
                waits,
                "name",
                required=True,
                initial=names[0] if len(names) == 1 else "",
                complete=lambda typed: [name for name in names if name.startswith(typed)],
            )
        )

    def _ask_payload(self, run: Ref, name: str, initial: str, wrong: str = "") -> None:
        async def commit(text: str) -> None:
            payload, mistake = steering.payload_of(self.gateway.door, text)
            if mistake:
                self._ask_payload(run, name, text, mistake)
            else:
                self.report(await self.gateway.verbs.signal(run, name, payload, text))

        what = Cell(f" signal {self.gateway.door.shaper.short(name)} to {run}", Role.STRONG)
        text = (Cell(f" {wrong}", Role.FAILED),) if wrong else (what,)
        hint = "" if wrong else "any JSON; enter sends, esc leaves"
        self.prompt.ask(Question(text, commit, hint, "payload", required=True, initial=initial))

    # -- one step at a time -------------------------------------------------------------------------------------------

    def action_hold_here(self) -> None:
        run = self._open_run()
        if run is None:
            return
        if self.is_held():
            self.gateway.here.add(run)
            keys = self.console.habits.keymap
            step, on = keys.of("next-step", "n"), keys.of("pause", "P")
            held = f" {run} is held, for this console: {step} lets it go one step, {on} on"
            self.prompt.say(Cell(held, Role.PAUSED))
            self.poke()
            return

        async def hold() -> None:
            self.report(await self.gateway.verbs.hold(run))

        self.run_worker(hold(), group="commit", exclusive=False)

    def action_next_step(self) -> None:
        run = self._open_run()
        if run is None:
            return
        if not self.is_held():
            hold = self.console.habits.keymap.of("hold-here", "h")
            self.prompt.say(Cell(f" {run} isn't held: {hold} holds it before its next step", Role.WAITING))
            return

        async def step() -> None:
            self.report(await self.gateway.verbs.step(run))

        self.run_worker(step(), group="commit", exclusive=False)
