"""Where keys are bound: every screen of the console and every sheet, each with the bindings that meet on it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import chain

from textual.binding import Binding
from textual.dom import DOMNode

from tui.app import ConsoleApp
from tui.keymap import Home
from tui.modes import kind, load
from tui.screens.console import MODES
from tui.screens.sheet import Sheet
from tui.widgets.pane import Pane
from tui.widgets.table import Table


def homes() -> tuple[Home, ...]:
    """Screens first. What lies over a screen hides the console's own keys."""
    load()
    around = tuple(_own(ConsoleApp))
    in_focus = tuple(chain(_own(Table), _own(Pane)))
    screens = (Home(mode, (*_own(screen), *in_focus, *around)) for mode, screen in _screens())
    sheets = (Home(_spoken(sheet), (*_own(sheet), *_own(Pane))) for sheet in _below(Sheet))
    return (*screens, *sheets)


def _screens() -> Iterable[tuple[str, type[DOMNode]]]:
    """Not the lock, on which keys don't act."""
    return ((mode, kind(mode)) for mode in MODES)


def _own(kind: type[DOMNode]) -> Iterator[Binding]:
    """What our own classes bind, not what Textual brings."""
    for each in kind.__mro__:
        if each.__module__.startswith("tui."):
            yield from (b for b in each.__dict__.get("BINDINGS", ()) if isinstance(b, Binding))


def _below(kind: type[Sheet]) -> Iterator[type[Sheet]]:
    for each in kind.__subclasses__():
        yield each
        yield from _below(each)


def _spoken(sheet: type[Sheet]) -> str:
    return f"the sheet {sheet.__name__.removesuffix('Sheet').lower()!r}"
