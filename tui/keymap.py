"""The keys an operator has chosen, each by the name of its action: read, checked against every screen, and shown."""

from __future__ import annotations

import string
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from textual.binding import Binding
from textual.keys import format_key

_SIGNS: Mapping[str, str] = {
    format_key(name): name
    for name in (
        *("exclamation_mark", "quotation_mark", "number_sign", "dollar_sign", "percent_sign", "ampersand"),
        *("apostrophe", "left_parenthesis", "right_parenthesis", "asterisk", "plus", "comma", "minus"),
        *("full_stop", "slash", "colon", "semicolon", "less_than_sign", "equals_sign", "greater_than_sign"),
        *("question_mark", "at", "left_square_bracket", "backslash", "right_square_bracket"),
        *("circumflex_accent", "underscore", "grave_accent", "left_curly_bracket", "vertical_line"),
        *("right_curly_bracket", "tilde"),
    )
}
_OTHERS = frozenset(
    {*(f"f{number}" for number in range(1, 13)), *("insert", "delete", "backspace", "left", "right")}
)
_TAKEN: Mapping[str, str] = {
    **dict.fromkeys("ab", "tmux and screen keep it for themselves"),
    **dict.fromkeys("sz", "the terminal stops at it"),
    **dict.fromkeys("cq", "it always quits"),
    **dict.fromkeys("hijm", "terminals send the same for backspace, tab or enter"),
    "p": "it opens the palette",
}


def is_kept(key: str) -> bool:
    """Whether tmux, screen or the terminal keep a key for themselves, or not every terminal sends it: Textual's own
    widgets bind some of these, and mean something else by them than an operator's fingers do."""
    held, _, pressed = key.rpartition("+")
    return (held == "ctrl" and pressed in {*"absz", "enter"}) or held.startswith("alt")


class KeyRefused(ValueError):
    """A key that can't be bound; the text says why."""


def read_key(text: str) -> str:
    """A key as it is written in the configuration, by the name that Textual gives it. Raises KeyRefused."""
    if len(text) == 1 and (text in string.ascii_letters or text in string.digits):
        return text
    if text in _SIGNS:
        return _SIGNS[text]
    if text in _OTHERS:
        return text
    held, plus, letter = text.rpartition("+")
    if plus and held == "ctrl" and len(letter) == 1 and letter in string.ascii_lowercase:
        if letter in _TAKEN:
            raise KeyRefused(f"{text} can't be bound: {_TAKEN[letter]}")
        return text
    if text in {"enter", "escape", "esc", "tab", "space", "up", "down", "home", "end", "pageup", "pagedown"}:
        raise KeyRefused(f"{text} can't be bound: it does the same on every screen")
    if plus and (held.startswith(("alt", "meta")) or letter == "enter"):
        raise KeyRefused(f"{text} can't be bound: not every terminal sends it")
    raise KeyRefused(
        f"{text!r} is no key: write a character, f1 to f12, ctrl+e, insert, delete, left or right"
    )


def spelled(key: str) -> str:
    """A key as it is written: its sign where it has one, else its name."""
    sign = format_key(key)
    return sign if sign in _SIGNS else key


@dataclass(frozen=True, slots=True)
class Home:
    """Bindings that meet: those of one screen, of what can be in focus there, and of the console around it."""

    name: str
    bindings: tuple[Binding, ...]


@dataclass(frozen=True, slots=True)
class Keymap:
    """Keys by the names of their actions, where they aren't the console's own."""

    keys: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    @property
    def for_textual(self) -> dict[str, str]:
        """What ``App.set_keymap`` takes."""
        return {name: ",".join(keys) for name, keys in self.keys.items()}

    def shown(self, binding: Binding) -> str:
        """How the line of keys writes a binding's key."""
        keys = self.keys.get(binding.id or "")
        return format_key(keys[0]) if keys else binding.key_display or binding.key

    def of(self, name: str, otherwise: str) -> str:
        """The key of an action, where a text names it; ``otherwise`` is the console's own."""
        keys = self.keys.get(name)
        return format_key(keys[0]) if keys else otherwise

    def line(self, name: str, otherwise: str, words: str) -> str:
        """Words for the line that an action opens, behind its key: ``:bulk``, or ``f9 bulk``."""
        key = self.of(name, otherwise)
        return f"{key}{words}" if len(key) == 1 else f"{key} {words}"


def keymap_of(app: object) -> Keymap:
    """The keys of the console that a widget is part of; the console's own where it stands alone."""
    found = getattr(getattr(app, "habits", None), "keymap", None)
    return found if isinstance(found, Keymap) else Keymap()


def named(homes: Iterable[Home]) -> dict[str, tuple[str, tuple[str, ...], str]]:
    """Each action that can be bound anew: its keys, where it works, and what it does."""
    found: dict[str, tuple[str, tuple[str, ...], str]] = {}
    for home in homes:
        for binding in home.bindings:
            if binding.id is not None:
                keys, places, what = found.get(binding.id, ("", (), binding.description))
                keys = keys or " ".join(map(format_key, binding.key.split(",")))
                found[binding.id] = keys, tuple(dict.fromkeys((*places, home.name))), what
    return dict(sorted(found.items()))


def problems(keys: Mapping[str, Sequence[str]], homes: Sequence[Home]) -> Iterator[tuple[str, str]]:
    """What is wrong with keys that were chosen, as names and texts. ``keys`` are as they are written."""
    from difflib import get_close_matches

    known = named(homes)
    chosen: dict[str, tuple[str, ...]] = {}
    for name, texts in keys.items():
        if name not in known:
            near = get_close_matches(name, known, 1)
            hint = f"did you mean {near[0]!r}?" if near else "`sagewai-tui config keys` lists them"
            yield name, f"no action is called {name!r}: {hint}"
            continue
        try:
            chosen[name] = tuple(map(read_key, texts))
        except KeyRefused as refused:
            yield name, str(refused)
    for name, own in chosen.items():
        for key in own:
            other = _other(name, key, chosen, homes)
            if other:
                yield name, f"{format_key(key)} is {other}: choose another key, or give that one another"


def read(keys: Mapping[str, Sequence[str]]) -> Keymap:
    """Keys that have no problems."""
    return Keymap({name: tuple(map(read_key, texts)) for name, texts in keys.items()})


def _other(name: str, key: str, chosen: Mapping[str, Sequence[str]], homes: Sequence[Home]) -> str:
    """What else a key would do where ``name`` works; '' if nothing."""
    for home in homes:
        if all(binding.id != name for binding in home.bindings):
            continue
        for binding in home.bindings:
            keys = chosen.get(binding.id or "") or binding.key.split(",")
            if binding.id != name and key in keys:
                return f"{binding.id or binding.description or binding.action!r} on {home.name}"
    return ""
