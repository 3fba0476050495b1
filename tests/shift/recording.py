"""The shift as text: each picture that matters, with the keys that led to it, compared with what is stored.

After a wanted change of the console `SAGEWAI_DRAW=1 .venv/bin/pytest -n0 tests/shift` stores the pictures anew: read
them before you commit them.
"""

from __future__ import annotations

import difflib
import os
import re
import time
from pathlib import Path

from tests.shift.desk import KEYS, PATIENCE, ROWS, Desk

STORED = Path(__file__).with_name("frames")
SAID = slice(21, 23)
"""The lines that say what happened last, for a while."""

STILL = 2.6
"""Seconds without a change after which a picture is taken to be finished when it is drawn anew; longer than it takes
the console to look again."""

_SPAN = re.compile(r"( *)(?<![\w.-])(?:<?\d+(?:\.\d+)?(?:ms|s|m|h)(?:\d{1,2}[sm])?|now)\b")
_MOMENT = re.compile(r"(?:\d{4}-\d\d-\d\d )?\d\d:\d\d(?::\d\d)?Z")
_PLACE = re.compile(r"((?:database 'shop' on |[?]host=)).*")
_FORK = re.compile(r"export-[a-z0-9]{12}\b")
_PROCESS = re.compile(r"console-\d+-(\d)")
_RATES = re.compile(r"^ (queued|completed|failed|took) +[·▁▂▃▄▅▆▇█]")


def steady(text: str) -> str:
    """Without what differs from night to night: moments, spans, process ids, where the server is. Columns stay where
    they are."""
    first, *lines = text.split("\n")
    return "\n".join(_line(line) for line in [re.sub(r" +", " ", first), *lines])


def _line(line: str) -> str:
    if rates := _RATES.match(line):
        return f" {rates[1]} ~"
    line = _PLACE.sub(r"\1…", _MOMENT.sub("00:00Z", _FORK.sub("export-of-the-fork", line)))
    if _PROCESS.search(line):  # the number's width moves what stands behind it
        line = re.sub(r"(?<=\S) +", " ", _PROCESS.sub(r"console-0-\1", line))
    return _SPAN.sub(_blank, line).rstrip()


def _blank(found: re.Match[str]) -> str:
    """As wide as it was, if it stands in a column."""
    gap = len(found[1])
    return "~".rjust(len(found[0])) if gap > 2 else f"{found[1]}~"


def is_same(now: str, stored: str) -> bool:
    """Whether a picture is the stored one. What was last said may have been forgotten again by then."""
    ours, theirs = now.split("\n"), stored.split("\n")
    if len(ours) == ROWS and not any(ours[SAID]):
        theirs[SAID] = ["", ""]
    return ours == theirs


class Recording:
    """What was pressed and shown so far; one desk at a time."""

    def __init__(self, desk: Desk) -> None:
        self.desk = desk
        self.taken: list[str] = []
        self._pressed: list[str] = []
        self._draws = bool(os.environ.get("SAGEWAI_DRAW"))

    def press(self, *keys: str) -> None:
        assert all(key in KEYS or len(key) == 1 for key in keys), keys
        self.desk.press(*keys)
        self._pressed += keys

    def type(self, text: str) -> None:
        self.desk.press(text)
        self._pressed.append(repr(text))

    def shows(self, wanted: str) -> None:
        self.desk.shows(wanted)

    def frame(self, name: str) -> None:
        """Wait until the screen is this stored picture, after these keys."""
        path = STORED / f"{len(self.taken) + 1:02}-{name}.txt"
        self.taken.append(path.name)
        keys = f"keys: {' '.join(self._pressed)}"
        self._pressed.clear()
        if self._draws:
            path.write_text(f"{keys}\n{self._still()}\n", encoding="utf-8")
            return
        stored_keys, _, stored = path.read_text(encoding="utf-8").rstrip("\n").partition("\n")
        assert keys == stored_keys, path.name
        until = time.monotonic() + PATIENCE
        while not is_same(now := steady(self.desk.text).rstrip("\n"), stored):
            if time.monotonic() > until:
                told = difflib.unified_diff(
                    stored.split("\n"), now.split("\n"), path.name, "the screen", "", ""
                )
                raise AssertionError("\n".join(told))
            time.sleep(0.03)

    def _still(self) -> str:
        before, since = "", time.monotonic()
        while time.monotonic() - since < STILL:
            now = steady(self.desk.text).rstrip("\n")
            if now != before:
                before, since = now, time.monotonic()
            time.sleep(0.05)
        return before

    def check(self) -> None:
        """That nothing is stored which no longer happens."""
        stored = {path.name for path in STORED.iterdir()}
        if self._draws:
            for name in stored - set(self.taken):
                (STORED / name).unlink()
        else:
            assert stored == set(self.taken)
