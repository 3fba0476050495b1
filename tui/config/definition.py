"""What the configuration may hold: the console's own options by their names, and a little more. The one definition that
checks a file, and that the JSON schema is made from."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Literal

Kind = Literal["text", "number", "whole", "truth", "texts"]

COLOURS = ("red", "yellow", "green", "blue", "magenta", "cyan", "grey")
"""What a context's name may be painted on; the name itself is always written out."""

NAMES = "[A-Za-z0-9][A-Za-z0-9_-]{0,39}"
"""What a context or a view may be called."""

_OF_A_CONTEXT = ("store", "worker_store", "read_only", "worker", "local", "pool")
_OF_THE_COMMAND_LINE = frozenset({"help", "screen", "run_id", "demo", "config"})
_TYPES: Mapping[Kind, Mapping[str, object]] = {
    "text": {"type": "string"},
    "number": {"type": "number"},
    "whole": {"type": "integer"},
    "truth": {"type": "boolean"},
    "texts": {"type": "array", "items": {"type": "string"}},
}
_SAID: Mapping[Kind, str] = {
    "text": 'text, in quotes: "…"',
    "number": "a number",
    "whole": "a whole number",
    "truth": "true or false",
    "texts": 'a list of texts: ["…", "…"]',
}


class ValueRefused(ValueError):
    """A value that doesn't do; the text says what would."""


@dataclass(frozen=True, slots=True)
class Setting:
    """One key of a table. ``convert`` makes of a value's text what the command line would, or raises."""

    name: str
    what: str
    kind: Kind = "text"
    choices: tuple[str, ...] = ()
    convert: Callable[[str], object] | None = None

    def taken(self, value: object) -> object:
        """The value as the command line would have it. Raises ValueRefused."""
        fits = {
            "text": isinstance(value, str),
            "number": isinstance(value, int | float) and not isinstance(value, bool),
            "whole": isinstance(value, int) and not isinstance(value, bool),
            "truth": isinstance(value, bool),
            "texts": isinstance(value, list) and all(isinstance(each, str) for each in value),
        }[self.kind]
        if not fits:
            raise ValueRefused(f"{self.name!r} must be {_SAID[self.kind]}")
        for text in value if isinstance(value, list) else [value]:
            if isinstance(text, str) and not text.isprintable():
                raise ValueRefused(
                    f"{self.name!r} holds characters that can't be seen: write them out, or none"
                )
        if self.choices and value not in self.choices:
            raise ValueRefused(f"{self.name!r} must be one of {', '.join(self.choices)}")
        if self.convert is None or self.kind in {"truth", "texts"}:
            return value
        try:
            return self.convert(str(value))
        except (ValueError, argparse.ArgumentTypeError) as error:
            said = str(error) if isinstance(error, argparse.ArgumentTypeError) else f"not {value!r}"
            raise ValueRefused(f"{self.name!r}: {said}") from None

    @property
    def schema(self) -> dict[str, object]:
        """Its part of the JSON schema."""
        choices = {"enum": list(self.choices)} if self.choices else {}
        return {**_TYPES[self.kind], **choices, "description": self.what}


@dataclass(frozen=True, slots=True)
class Definition:
    """The keys of ``[defaults]`` and of a ``[context.NAME]``, in which defaults may be set as well."""

    defaults: Mapping[str, Setting]
    context: Mapping[str, Setting]

    def schema(self, actions: Iterable[str]) -> dict[str, object]:
        """The JSON schema of a whole file; ``actions`` can be bound to keys."""
        key = {"type": "string", "minLength": 1}
        return {
            "$schema": "https://json-schema.org/draft/2020-12/schema",
            "title": "The configuration of sagewai-tui",
            "type": "object",
            "additionalProperties": False,
            "properties": {
                "defaults": _table(self.defaults, "Options that hold unless the command line says otherwise"),
                "context": {
                    "description": "Stores by a name of yours: --context NAME, or :context NAME",
                    "type": "object",
                    "propertyNames": {"pattern": f"^{NAMES}$"},
                    "additionalProperties": _table(self.context, "One context"),
                },
                "keys": {
                    "description": "Keys by the names of their actions: `sagewai-tui config keys`",
                    "type": "object",
                    "propertyNames": {"enum": sorted(actions)},
                    "additionalProperties": {"anyOf": [key, {"type": "array", "items": key, "minItems": 1}]},
                },
                "views": {
                    "description": "Filters of the Runs screen by a name of yours: :view NAME",
                    "type": "object",
                    "propertyNames": {"pattern": f"^{NAMES}$"},
                    "additionalProperties": {"type": "string", "minLength": 1},
                },
            },
        }


def definition(parser: argparse.ArgumentParser) -> Definition:
    """What the options of a command line make of it."""
    options = {
        action.dest: _setting(action)
        for action in parser._actions  # argparse has no other list of them
        if action.dest not in _OF_THE_COMMAND_LINE
    }
    own = {name: options[name] for name in _OF_A_CONTEXT}
    colour = Setting("colour", "what the context's name is painted on", choices=COLOURS)
    shared = {name: setting for name, setting in options.items() if name not in {*own, "context"}}
    chosen = {"context": options["context"]} if "context" in options else {}
    return Definition({**chosen, **shared}, {**own, "colour": colour, **shared})


def _setting(action: argparse.Action) -> Setting:
    choices = tuple(str(choice) for choice in action.choices or ())
    convert = action.type if callable(action.type) and action.type is not str else None
    return Setting(action.dest, action.help or "", _kind(action), choices, convert)


def _kind(action: argparse.Action) -> Kind:
    if isinstance(action.default, list):
        return "texts"
    if action.nargs == 0:
        return "truth"
    if action.type is int:
        return "whole"
    return "number" if callable(action.type) and _reads(action.type, "60") else "text"


def _reads(convert: Callable[[str], object], text: str) -> bool:
    """Whether an option takes this: a span of time such as 10m is no number, though one is made of it."""
    try:
        return isinstance(convert(text), float)
    except (ValueError, argparse.ArgumentTypeError):
        return False


def _table(settings: Mapping[str, Setting], what: str) -> dict[str, object]:
    properties = {name: setting.schema for name, setting in settings.items()}
    return {"description": what, "type": "object", "additionalProperties": False, "properties": properties}
