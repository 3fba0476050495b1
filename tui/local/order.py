"""What is asked for when local workers are started: one line, read, written and completed. Pure.

``MODULE:NAME [xN] [pool=P] [n=N] [concurrency=N] [labels KEY=VALUE …]``: words behind ``labels`` are labels, and
``pool=``, ``n=`` and ``concurrency=`` are options wherever they stand.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Sequence
from dataclasses import dataclass, replace

FORM = "MODULE:NAME [pool=P] [n=2] [concurrency=4] [labels KEY=VALUE …]"
_OPTIONS = ("pool=", "n=", "concurrency=", "labels ")
_MOST = 64
"""Local workers that one line starts at most."""

_TIMES = re.compile(r"(?P<target>.+?)x(?P<count>[0-9]{1,4})")


class OrderError(ValueError):
    """A line that can't be read; the text says which word and what would do."""


@dataclass(frozen=True, slots=True)
class Order:
    """``count`` workers for the workflows that ``target`` names. ``labels`` are ``KEY=VALUE``, typed as ``--label`` of
    ``sagewai worker`` types them; ``concurrency`` is how many runs each takes at a time."""

    target: str
    pool: str = "default"
    count: int = 1
    concurrency: int = 10
    labels: tuple[str, ...] = ()

    def __str__(self) -> str:
        """The line that asks for it again."""
        words = [self.target]
        if self.pool != "default":
            words.append(f"pool={self.pool}")
        if self.count != 1 or _TIMES.fullmatch(self.target):
            words.append(f"n={self.count}")
        if self.concurrency != 10:
            words.append(f"concurrency={self.concurrency}")
        return shlex.join([*words, *(("labels", *self.labels) if self.labels else ())])

    def arguments(self, name: str) -> list[str]:
        """What ``sagewai`` is called with. Values are tied to their options, as they may begin with a dash."""
        labels = [f"--label={label}" for label in self.labels]
        given = [f"--pool={self.pool}", f"--max-concurrent={self.concurrency}", f"--name={name}", *labels]
        return ["worker", *given, "--", self.target]


def parse(text: str, *, pool: str = "default") -> Order:
    """Raises OrderError. ``pool`` is the one meant where the line names none."""
    try:
        words = shlex.split(text)
    except ValueError as error:
        raise OrderError(f"{text!r} can't be read: {error}") from None
    if not words:
        raise OrderError(f"name the workflows to execute: {FORM}")
    order = Order(words[0], pool)
    counted = labelling = False
    for word in words[1:]:
        key, tied, value = word.partition("=")
        if word == "labels":
            labelling = True
        elif re.fullmatch(r"x[0-9]{1,4}", word):
            order, counted = replace(order, count=_number("n", word[1:], _MOST)), True
        elif key == "n" and tied:
            order, counted = replace(order, count=_number(key, value, _MOST)), True
        elif key == "concurrency" and tied:
            order = replace(order, concurrency=_number(key, value, 10_000))
        elif key == "pool" and value:
            order = replace(order, pool=value)
        elif labelling and tied and key:
            order = replace(order, labels=(*order.labels, word))
        else:
            raise OrderError(f"{word!r} can't be read: {FORM}")
    times = _TIMES.fullmatch(order.target)
    if times is not None and not counted:
        order = replace(order, target=times["target"], count=_number("n", times["count"], _MOST))
    module, _, name = order.target.partition(":")
    if not module or not name or module.startswith("-"):
        raise OrderError(
            f"{order.target!r} doesn't name workflows: write MODULE:NAME, as shop.flows:workflows"
        )
    return order


def completions(text: str, started: Sequence[str], pools: Sequence[str] = ()) -> list[str]:
    """Whole lines that begin with ``text``: what was started before, newest first, then one word more."""
    before = [line for line in started if line.startswith(text) and line != text]
    head, space, word = text.rpartition(" ")
    if not space or not word:
        return before
    options = [*_OPTIONS, *(f"pool={shlex.quote(pool)}" for pool in pools)]
    return [
        *before,
        *(f"{head} {option}" for option in options if option.startswith(word) and option != word),
    ]


def _number(name: str, value: str, most: int) -> int:
    if not value.isascii() or not value.isdigit() or not 1 <= int(value) <= most:
        raise OrderError(f"{name} is {value!r}: it must be a number from 1 to {most:,}")
    return int(value)
