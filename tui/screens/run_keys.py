"""The Run screen's own keys, which of a run's keys its line of keys shows, and its line of tabs. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from textual.binding import Binding, BindingType

from sagewai.models.status import TERMINAL, RunStatus, WaitReason
from tui.format import Cell, Role
from tui.screens.keys import key
from tui.views import RunRow, Tab

TIMELINE_KEYS: tuple[BindingType, ...] = (
    key("up,k", "choose(-1)", "step", shown=True, shown_as="↑↓"),
    key("down,j", "choose(1)", "step", shown_as="↓"),
    key("tab", "turn(1)", "tabs", shown=True),
    key("shift+tab", "turn(-1)", "the tab before"),
    key("plus,equals_sign", "zoom(1)", "zoom into the timeline", shown_as="+"),
    key("minus", "zoom(-1)", "zoom out", shown_as="-"),
    key("0", "zoom(0)", "the whole timeline"),
    key("left", "pan(-1)", "earlier", shown_as="←"),
    key("right", "pan(1)", "later", shown_as="→"),
    key("l", "follow", "follow what is new, or no longer"),
    key("t", "plain", "payloads as they are read, or as they are recorded"),
)

_ALWAYS = frozenset({"fork", "signal"})


def of_use_first(bound: Iterable[tuple[Binding, str]], row: RunRow | None) -> Iterator[tuple[Binding, str]]:
    """What an operator would do to a run that stands so, then what can be done to any; the rest is left out, though
    every key works all the same and is listed by the help."""
    later = []
    for binding, label in bound:
        action = binding.action.partition("(")[0]
        if row is None or _is_of_use(action, row):
            yield binding, label
        elif action in _ALWAYS:
            later.append((binding, label))
    yield from later


def _is_of_use(action: str, row: RunRow) -> bool:
    over = row.status in TERMINAL
    match action:
        case "decide":
            return row.wait is WaitReason.APPROVAL
        case "signal":
            return row.wait is WaitReason.SIGNAL
        case "retry" | "discard":
            return row.status is RunStatus.FAILED
        case "fork":
            return over
        case "cancel" | "hold":
            return not over
    return True


def tab_line(tabs: Sequence[Tab], chosen: Tab) -> Sequence[Cell]:
    """The names of the tabs, the chosen one in brackets."""
    others = ((f"[{tab}]", Role.STRONG) if tab == chosen else (f" {tab} ", Role.DIM) for tab in tabs)
    return (Cell(" "), *(Cell(name, role) for name, role in others))
