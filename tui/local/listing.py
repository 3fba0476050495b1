"""Local workers among all others in the table of workers: marked, and there before their session is. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from tui.format import Cell, Glyphs, Role
from tui.local.locals import EMBEDDED, LocalWorker
from tui.views import Ref, WorkerRow

_WORDS = {
    "loading": ("waiting", "starting", Role.DIM),
    "starting": ("waiting", "starting", Role.DIM),
    "on": ("running", "on", Role.RUNNING),
    "draining": ("running", "draining", Role.WAITING),
    "backing off": ("waiting", "crashed", Role.WAITING),
    "stopped": ("failed", "STOPPED", Role.FAILED),
    "failed": ("failed", "FAILED", Role.FAILED),
    "detached": ("arrow", "detached", Role.ENDED),
}
"""A glyph and a word for each state of a local worker that has no session."""


def listed(rows: Sequence[WorkerRow], ours: Sequence[LocalWorker], glyphs: Glyphs) -> tuple[WorkerRow, ...]:
    """This console's own workers first, then all others as the store has them."""
    sessions = {worker.session: worker for worker in ours if worker.session is not None}
    own: dict[int, WorkerRow] = {}
    others: list[WorkerRow] = []
    for row in rows:
        worker = sessions.get(row.key)
        if worker is None:
            others.append(row)
        else:
            own[worker.number] = _marked(row, worker, glyphs)
    for worker in ours:
        if worker.number not in own and worker.state not in {"off", "ended"}:
            own[worker.number] = _without_session(worker, glyphs)
    return (*(own[number] for number in sorted(own)), *others)


def about(worker: LocalWorker) -> tuple[Cell, str]:
    """How a worker does, and the keys that help it, '' where none is needed."""
    if worker.state == "stopped":
        return Cell(f"crash loop: {worker.why}", Role.FAILED), "+ starts it, K forgets it"
    if worker.state == "backing off":
        return Cell(f"crashed: {worker.why}; starts again by itself", Role.WAITING), ""
    if worker.state == "failed":
        return Cell(f"ended: {worker.why}", Role.FAILED), ""
    return Cell(worker.state, Role.WAITING if worker.state == "draining" else Role.DIM), ""


def _marked(row: WorkerRow, worker: LocalWorker, glyphs: Glyphs) -> WorkerRow:
    cells = dict(row.cells)
    cells["worker"] = Cell(cells["worker"].text, Role.ACCENT, " here")
    cells["kind"] = Cell("carried" if worker.number == EMBEDDED else "local", Role.ACCENT)
    if worker.state == "draining" and row.live:
        cells["state"] = Cell(f"{glyphs.running} draining", Role.WAITING)
    return replace(row, cells=cells, local=worker.number)


def _without_session(worker: LocalWorker, glyphs: Glyphs) -> WorkerRow:
    glyph, word, role = _WORDS[worker.state]
    dash = Cell("-", Role.DIM)
    return WorkerRow(
        key=-1 - worker.number,
        name=Ref(worker.name, worker.name),
        live=False,
        paused=False,
        local=worker.number,
        cells={
            "state": Cell(f"{getattr(glyphs, glyph)} {word}", role),
            "worker": Cell(worker.name, Role.ACCENT, " here"),
            "kind": Cell("carried" if worker.number == EMBEDDED else "local", Role.ACCENT),
            "pool": Cell(worker.pool),
            "load": dash,
            "beat": dash,
            "up": dash,
            "labels": Cell(worker.labels or "-", Role.DIM),
            "workflows": Cell(worker.target, Role.DIM),
            "process": Cell(f":{worker.pid}" if worker.pid else "-", Role.DIM),
        },
    )
