"""The console's screens by their modes, each loaded when it is first asked for: that costs part of the first frame."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import TYPE_CHECKING, assert_never

from tui.screens.console import MODES, Mode

if TYPE_CHECKING:
    from tui.screens.base import ConsoleScreen


def kind(mode: Mode) -> type[ConsoleScreen]:
    """The class of a mode's screen."""
    match mode:
        case "runs":
            from tui.screens.runs import RunsScreen

            return RunsScreen
        case "run":
            from tui.screens.run import RunScreen

            return RunScreen
        case "approvals":
            from tui.screens.approvals import ApprovalsScreen

            return ApprovalsScreen
        case "workers":
            from tui.screens.workers import WorkersScreen

            return WorkersScreen
        case "dlq":
            from tui.screens.dead_letters import DeadLettersScreen

            return DeadLettersScreen
        case "overview":
            from tui.screens.overview import OverviewScreen

            return OverviewScreen
        case _:
            assert_never(mode)


def screens() -> Mapping[str, Callable[[], ConsoleScreen]]:
    """What makes the screen of each mode."""
    return {mode: partial(_made, mode) for mode in MODES}


def load() -> None:
    """Load all of them, and every sheet that lies over one."""
    import tui.screens.comparing
    import tui.screens.forking
    import tui.screens.help
    import tui.screens.jobs
    import tui.screens.lock  # noqa: F401

    for mode in MODES:
        kind(mode)


def _made(mode: Mode) -> ConsoleScreen:
    return kind(mode)()
