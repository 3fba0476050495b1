"""``?``: the keys that work on the screen in front, and the words of the ``:`` and ``/`` lines."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import ScrollableContainer, Vertical
from textual.screen import ModalScreen, Screen

from tui.format import Cell, Role
from tui.keymap import Keymap, keymap_of, spelled
from tui.payload import Line
from tui.widgets.bar import Bar
from tui.widgets.pane import Pane


def words(keys: Keymap) -> tuple[tuple[str, str], ...]:
    """What is typed into the lines, and what no single key says."""
    line, find = keys.of("command", ":"), keys.of("filter", "/")
    zoom = " ".join(keys.of(*key) for key in (("zoom-in", "+"), ("zoom-out", "-"), ("zoom-fit", "0")))
    pan = f"{keys.of('pan-left', 'left')} and {keys.of('pan-right', 'right')} pan"
    return (
        (
            line,
            "runs [FILTER], run ID, view NAME, save NAME, context NAME, theme NAME, bulk, lock, a screen, help, quit",
        ),
        (f"{line} and {find}", "tab completes names and ids, up and down recall what was typed before"),
        (
            find,
            "status:run,wait wf:content* pool:gpu tag:team=blue since:2h sort:changed, or an id's beginning",
        ),
        (f"{find} approvals", "snoozed, all, mine, free, wf:refund* pool:bank, or an id's beginning"),
        (
            keys.line("command", ":", "bulk retry"),
            "for all that is marked, else for all that is listed; cancel, pause, resume, discard too",
        ),
        (
            "timeline",
            f"up and down choose a step, {zoom} zoom, {pan}, {keys.of('follow', 'l')} follows; esc lets go of the step",
        ),
        ("prompts", "approve and reject take a reason: enter commits, esc leaves; the others need y"),
    )


_NOT_OURS = frozenset(
    binding.action
    for widget in (Screen, ScrollableContainer)
    for binding in widget.BINDINGS
    if isinstance(binding, Binding)
)
"""What Textual binds by itself on every screen."""


def not_ours(action: str) -> bool:
    """Whether Textual binds this action by itself."""
    return action in _NOT_OURS


def keys_of(screen: Screen[None]) -> tuple[tuple[str, str], ...]:
    """The keys that work on a screen, each with what it does; those of one action together. Its own come first, then
    the console's, then those of what is in focus."""
    found: dict[str, list[str]] = {}
    nodes = (screen, screen.app)
    for active in sorted(
        screen.active_bindings.values(), key=lambda each: nodes.index(each.node) if each.node in nodes else 2
    ):
        binding = active.binding
        if active.enabled and binding.description and binding.action not in _NOT_OURS:
            found.setdefault(binding.description, []).append(binding.key_display or spelled(binding.key))
    return tuple((" ".join(dict.fromkeys(keys)), what) for what, keys in found.items())


class HelpScreen(ModalScreen[None]):
    """Any of esc, q, enter and ? closes it."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape,q,question_mark,enter", "dismiss", show=False)]

    def __init__(self, title: str, keys: Sequence[tuple[str, str]]) -> None:
        super().__init__()
        self._title = title
        self._keys = tuple(keys)

    def compose(self) -> ComposeResult:
        with Vertical(id="help"):
            yield Bar(id="help-title")
            yield Pane(id="help-keys")

    def on_mount(self) -> None:
        lines = [Line(what, head=f"  {key:<15} ", hang=" " * 18) for key, what in self._keys]
        lines.append(Line())
        told = words(keymap_of(self.app))
        lines += [Line(what, Role.DIM, head=f"  {word:<16}", hang=" " * 18) for word, what in told]
        pane = self.query_one(Pane)
        pane.show(lines)
        pane.focus()
        self.on_scrolled_turned()

    def on_scrolled_turned(self) -> None:
        """Say which part of them is in view."""
        place = self.query_one(Pane).place
        self.query_one(Bar).show(
            [Cell(f" keys: {self._title}", Role.STRONG), Cell(f"  {place}", Role.DIM)],
            [Cell("esc closes ", Role.DIM)],
        )
