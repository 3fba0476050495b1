"""A run taken out of the console: whole as JSON in a file that only its owner may read, or as lines for a pager."""

from __future__ import annotations

import asyncio
import json
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, TextIO, get_args

from tui.format import Role, plural, size
from tui.gateway.choosing import dead_letters, gather
from tui.gateway.door import Door, Missing
from tui.payload import Line
from tui.views import Ref, Tab

if TYPE_CHECKING:
    from tui.gateway.reads import Gateway

_TRIES = 1_000
"""Files of one run within one second: more are somebody's mistake."""


GROUPED = 1_000
"""Runs that one file takes at most."""

TOLD = 100
"""Errors of a group that are told at most."""


@dataclass(frozen=True, slots=True)
class Written:
    """What came of writing a run to a file, in safe words."""

    ok: bool
    said: str
    path: str = ""


async def write(door: Door, run: Ref, environ: Mapping[str, str] = os.environ) -> Written:
    """Write the run to a new file. Raises Missing, Unreachable."""
    from sagewai.cli.export import document

    found = await door.read(lambda store: document(store, run.raw))
    stamp = f"{door.now():%Y%m%dT%H%M%SZ}"
    try:
        path, written = await asyncio.to_thread(_write, found, f"{file_name(run.raw)}-{stamp}", environ)
    except OSError as error:
        return Written(False, door.said(f"{run} was not written: {error.strerror or error}"))
    return Written(
        True, f"{run} written, {size(written)}, readable by you alone", door.shaper.short(str(path))
    )


def file_name(run_id: str) -> str:
    """A run's id as a file's name: what a shell or a path would obey becomes ``_``."""
    return re.sub(r"[^A-Za-z0-9._-]", "_", run_id).lstrip(".-")[:80] or "run"


def directory(environ: Mapping[str, str]) -> Path:
    """The operator's download directory where there is one, else where the console was started."""
    from platformdirs import user_downloads_path

    named = environ.get("XDG_DOWNLOAD_DIR")
    downloads = Path(named) if named else user_downloads_path()
    return downloads if downloads.is_dir() and os.access(downloads, os.W_OK) else Path.cwd()


async def write_group(door: Door, error_type: Ref, environ: Mapping[str, str] = os.environ) -> Written:
    """Write the dead letters' runs of an error type to one new file, as a list, the newest first; those that are gone
    by now are left out. Raises Missing, Unreachable."""
    from sagewai.cli.export import document

    run_ids = await gather(door, "retry", dead_letters(error_type, None))
    stamp = f"{door.now():%Y%m%dT%H%M%SZ}"
    listed, written = run_ids[:GROUPED], 0
    try:
        path, file = await asyncio.to_thread(_create, f"{file_name(error_type.raw)}-{stamp}", environ)
        try:
            with file:
                for run_id in listed:
                    try:
                        found = await door.read(lambda store, run_id=run_id: document(store, run_id))  # type: ignore[misc]
                    except Missing:
                        continue
                    text = await asyncio.to_thread(_text, found)
                    file.write(f"{',' if written else '['}\n{text}")
                    written += 1
                file.write("\n]\n" if written else "[]\n")
        except BaseException:
            path.unlink(missing_ok=True)
            raise
    except OSError as error:
        return Written(False, door.said(f"the runs were not written: {error.strerror or error}"))
    of = f", the newest of {len(run_ids):,}" if len(run_ids) > len(listed) else ""
    return Written(
        True, f"{plural(written, 'run')} written{of}, readable by you alone", door.shaper.short(str(path))
    )


def _write(found: dict[str, object], name: str, environ: Mapping[str, str]) -> tuple[Path, int]:
    """Into a file that wasn't there before; gives its path and its bytes."""
    text = f"{_text(found)}\n"
    path, file = _create(name, environ)
    with file:
        file.write(text)
    return path, len(text)


def _text(found: dict[str, object]) -> str:
    """ASCII: harmless to whoever looks at it."""
    return json.dumps(found, indent=2).replace("\x7f", "\\u007f")


def _create(name: str, environ: Mapping[str, str]) -> tuple[Path, TextIO]:
    """A file that wasn't there before, with mode 0600."""
    into = directory(environ)
    for number in range(1, _TRIES):
        path = into / (f"{name}.json" if number == 1 else f"{name}-{number}.json")
        try:
            handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
        except FileExistsError:
            continue
        return path, open(handle, "w", encoding="ascii")
    raise FileExistsError(f"{name}.json and its like are all there already")


async def told(gateway: Gateway, run: Ref) -> tuple[Line, ...]:
    """All about a run, tab after tab. Raises Missing, Unreachable."""
    view = await gateway.run(run, calls=True)
    lines = [Line(fact.value.text, fact.value.role, head=f"{fact.name:>9}  ") for fact in view.facts]
    lines = [
        Line(view.row.cells["state"].text, view.row.cells["state"].role, head=f"{'state':>9}  "),
        *lines,
        *view.notes,
    ]
    for tab in get_args(Tab):
        if tab != "raw":
            lines += [Line(), Line(tab.upper(), Role.STRONG), *await gateway.tab(run, tab)]
    return tuple(lines)


async def told_group(gateway: Gateway, error_type: Ref) -> tuple[Line, ...]:
    """The newest dead letters of an error type, each with its error. Raises Missing, Unreachable."""
    window = await gateway.dead_letters(error_type, None, TOLD)
    lines: list[Line] = []
    for row in window.rows:
        about = f"{row.key}  {row.workflow}  step {row.cells['step'].text}, {row.cells['age'].text} ago"
        lines += [Line(about, Role.STRONG), *row.error, Line()]
    if window.cursor is not None:
        lines.append(Line(f"these are the newest {TOLD}", Role.DIM))
    return tuple(lines)
