"""The way out of a console with local workers: what is asked, and what is waited for behind the last frame."""

from __future__ import annotations

import signal
from collections.abc import Callable

from tui.format import Cell, Role, plural
from tui.local.locals import Locals
from tui.widgets.prompt import Question

DRAIN = 35.0
"""Seconds: a worker's own drain time-out and a little more."""

HURRY = 5.0
"""Seconds that workers get to hand their runs back when nobody waits for their steps."""


def question(ours: Locals, leave: Callable[[], None]) -> Question | None:
    """What to ask before leaving; None where nothing would end."""
    held = 0 if ours.embedded is None else ours.embedded.held
    tied = len(ours.fleet.tied)

    async def commit(answer: str) -> None:
        ours.wants_detach = answer == "d"
        leave()

    if tied:
        adopted = len(ours.fleet.running) - tied
        goes = "goes" if adopted == 1 else "go"
        text = (
            Cell(" quit?", Role.STRONG),
            Cell(f"  {plural(tied, 'local worker')}", Role.WAITING),
            Cell("" if held or adopted else " of this console", Role.WAITING),
            Cell(f"; its own one holds {plural(held, 'run')}" if held else "", Role.WAITING),
            Cell(f"; {plural(adopted, 'adopted one')} {goes} on" if adopted else "", Role.DIM),
        )
        alone = "detach: they go on alone" if not held else "detach: they go on, its own one drains"
        return Question(text, commit, choices={"y": "drain them, then quit", "d": alone})
    if held:
        what = f"  the local worker holds {plural(held, 'run')}; it drains first, for 30 s at most"
        return Question((Cell(" quit?", Role.STRONG), Cell(what)), commit)
    return None


def end(ours: Locals, tell: Callable[[str], None]) -> None:
    """Let the workers finish, or go on alone; ctrl+c and a second SIGTERM don't wait for steps."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    if ours.wants_detach:
        ours.fleet.detach()
    try:
        ours.stop_all()
        for left in ours.fleet.left:
            tell(f"{left.name} {left.how} without the console: pid {left.pid}, log {left.log}")
        _wait(ours, tell)
    except KeyboardInterrupt:
        tell("not drained; what was held is handed back, or taken over by others")
        _hurry(ours)


def _wait(ours: Locals, tell: Callable[[str], None]) -> None:
    supervised, held = len(ours.fleet.tied), 0 if ours.embedded is None else ours.embedded.held
    if held:
        tell(f"draining the local worker: it holds {held} (ctrl+c leaves at once)")
    if supervised:
        tell(f"draining {plural(supervised, 'local worker')} (ctrl+c leaves at once)")
    if not ours.fleet.join(DRAIN):
        tell("a local worker didn't end in time and is killed; its runs are taken over by others")
        _hurry(ours)
    if ours.embedded is not None and not ours.embedded.join(DRAIN):
        tell("the local worker didn't end in time; its runs are taken over by others")


def _hurry(ours: Locals) -> None:
    """Let all hand back what they hold; a process that doesn't hear of it is killed."""
    embedded = ours.embedded
    try:
        if embedded is not None:
            embedded.hurry()
        ours.fleet.hurry()
        if ours.fleet.join(HURRY) and (embedded is None or embedded.join(HURRY)):
            return
    except KeyboardInterrupt:
        pass
    ours.fleet.kill()
    ours.fleet.join(1.0)
