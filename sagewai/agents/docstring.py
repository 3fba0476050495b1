"""Reads a docstring: what a function does, and what it says of each parameter. Pure."""

from __future__ import annotations

import re

_SECTION = re.compile(r"^(Args|Arguments|Parameters|Params|Returns?|Yields?|Raises|Examples?|Notes?):?\s*$")
_ARGUMENTS = ("Args", "Arguments", "Parameters", "Params")
_ENTRY = re.compile(r"^(\s*)\*{0,2}(\w+)\s*(?:\([^)]*\))?\s*:\s*(.*)$")
_FIELD = re.compile(r"^\s*:param\s+(?:[^:]*\s)?(\w+)\s*:\s*(.*)$")
_OTHER_FIELD = re.compile(r"^\s*:\w+[^:]*:")


def described(text: str | None) -> tuple[str, dict[str, str]]:
    """What stands before the sections, and each parameter's text, from ``Args:`` or ``:param name:``."""
    about: list[str] = []
    parameters: dict[str, list[str]] = {}
    section, current, indent = "", None, 0
    for line in (text or "").strip().splitlines():
        if found := _FIELD.match(line):
            section, current = "fields", found[1]
            parameters[current] = [found[2]]
        elif found := _SECTION.match(line):
            section, current = found[1], None
        elif section == "":
            about.append(line)
        elif section == "fields":
            if _OTHER_FIELD.match(line):
                current = None
            elif current is not None:
                parameters[current].append(line)
        elif section in _ARGUMENTS:
            found = _ENTRY.match(line)
            if found and (current is None or len(found[1]) <= indent):
                current, indent = found[2], len(found[1])
                parameters[current] = [found[3]]
            elif current is not None:
                parameters[current].append(line)
    return "\n".join(about).strip(), {
        name: " ".join(" ".join(lines).split()) for name, lines in parameters.items()
    }
