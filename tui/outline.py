"""The whole store at a glance, as lines: rates and latencies as blocks and numbers, who waits, what is new. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from tui.format import ASCII, Cell, Glyphs, Role, duration, number
from tui.payload import Line
from tui.spark import pooled, quantile, spark
from tui.text import cut
from tui.views import Fact, Ref

HOUR = 60
"""Minutes that are drawn."""

_NAME = 11
_NUMBERS = 21
_NARROWEST = 6

Row = tuple[Sequence[Cell], Sequence[Cell]]
"""What stands on the left of a line, and on its right."""


@dataclass(frozen=True, slots=True)
class Rate:
    """How many runs came into a state, minute by minute, the one under way last."""

    name: str
    role: Role
    minutes: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Outline:
    """What the Overview says above its tables. ``took``: seconds that the latest completed runs took, oldest first.
    ``since``: what is new since its user last looked. ``is_whole``: all of it has been read once."""

    rates: tuple[Rate, ...] = ()
    took: tuple[float, ...] = ()
    waiting: tuple[Fact, ...] = ()
    since: tuple[Cell, ...] = ()
    is_whole: bool = False


@dataclass(frozen=True, slots=True)
class DeedRow:
    """Something a person did, as the store or this console recorded it; the same thing done to several runs is one.
    ``runs`` are those it was done to, as far as they are known by id; ``lines`` all that is known of it."""

    key: str
    runs: tuple[Ref, ...]
    cells: Mapping[str, Cell]
    lines: tuple[Line, ...]


def charts(outline: Outline, columns: int, glyphs: Glyphs) -> tuple[Row, ...]:
    """A heading, a line for each rate, and one for how long runs took."""
    ascii_only = glyphs is ASCII
    room = max(_NARROWEST, columns - _NAME - _NUMBERS - 1)
    cells = len(pooled(range(HOUR), room, max))
    each = -(-HOUR // cells)
    unit = "each block a minute" if each == 1 else f"each block {each} minutes"
    titles = f"{'/MIN':>6} {'PEAK':>6} {'HOUR':>6} "
    rows: list[Row] = [((Cell(f" runs in the last hour, {unit}", Role.DIM),), (Cell(titles, Role.DIM),))]
    for rate in outline.rates:
        drawn = spark([sum(part) for part in _parts(rate.minutes, cells)], cells, ascii_only=ascii_only)
        last = rate.minutes[-2] if len(rate.minutes) > 1 else 0  # the last one that is over
        numbers = " ".join(f"{number(n):>6}" for n in (last, max(rate.minutes), sum(rate.minutes)))
        rows.append(
            (_named(rate.name, drawn, rate.role if any(rate.minutes) else Role.DIM), (Cell(f"{numbers} "),))
        )
    return (*rows, _took(outline.took, cells, ascii_only))


def _took(took: Sequence[float], cells: int, ascii_only: bool) -> Row:
    if not took:
        return _named("took", "no run has completed yet", Role.DIM), ()
    drawn = spark(took, cells, ascii_only=ascii_only, log=True)
    p50, p99 = (duration(quantile(took, share)) for share in (0.5, 0.99))
    return _named("took", drawn, Role.PLAIN), (Cell(f"p50 {p50:>6}  p99 {p99:>6} "),)


def _named(name: str, drawn: str, role: Role) -> Sequence[Cell]:
    return Cell(f" {name:<{_NAME}}", Role.DIM), Cell(drawn, role)


def _parts(minutes: Sequence[int], cells: int) -> list[tuple[int, ...]]:
    each = -(-len(minutes) // max(1, cells))
    return [tuple(minutes[at : at + each]) for at in range(0, len(minutes), each)]


def attention(outline: Outline, columns: int, glyphs: Glyphs) -> tuple[Row, ...]:
    """Who has waited longest, which pools nobody serves, and what is new."""
    facts = [
        (
            (
                Cell(f" {fact.name:<{_NAME}}", Role.DIM),
                Cell(cut(fact.value.text, columns - _NAME - 2, ellipsis=glyphs.ellipsis), fact.value.role),
            ),
            (),
        )
        for fact in outline.waiting
    ]
    return (*facts, ((Cell(" "), *outline.since), ()))


def first_steps(place: str, url: str) -> tuple[Line, ...]:
    """How a store gets its first run."""
    lines = (
        ("name this store to a shell", f"export SAGEWAI_STORE={url}"),
        ("run a script that calls wf.run(), such as hello.py of the README", "python hello.py"),
        (
            "or start a worker and submit",
            "sagewai worker MODULE:NAME & sagewai submit WORKFLOW --input '{...}'",
        ),
    )
    told = [Line(), Line(f"no runs yet in {place}", Role.STRONG, head=" "), Line()]
    for at, (what, command) in enumerate(lines, 1):
        told += [
            Line(what, head=f" {at}  ", hang="    "),
            Line(command, Role.ACCENT, head="      ", hang="      "),
            Line(),
        ]
    return (*told, Line("The run shows up here by itself.", Role.DIM, head=" "))
