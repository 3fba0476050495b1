"""Local workers among all others in the table of workers: marked, and there before their session is. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from tui.format import Cell, Glyphs, Role
from tui.keymap import Keymap
from tui.local.locals import LocalWorker
from tui.views import Ref, WorkerRow

_WORDS = {
    "loading": ("waiting", "starting", Role.DIM),
    "starting": ("waiting", "starting", Role.DIM),
    "on": ("running", "on", Role.RUNNING),
    "draining": ("running", "draining", Role.WAITING),
    "backing off": ("waiting", "crashed", Role.WAITING),
    "stopped": ("failed", "STOPPED", Role.FAILED),
    "gone": ("failed", "GONE", Role.FAILED),
    "failed": ("failed", "FAILED", Role.FAILED),
    "ended": ("cancelled", "ended", Role.DIM),
    "detached": ("arrow", "detached", Role.ENDED),
}
"""A glyph and a word for each state of a local worker that has no session."""


def listed(rows: Sequence[WorkerRow], ours: Sequence[LocalWorker], glyphs: Glyphs) -> tuple[WorkerRow, ...]:
    """This console's own workers first, then all others as the store has them."""
    sessions = {worker.session: worker for worker in ours if worker.session is not None}
    own: dict[int, WorkerRow] = {}
    others: list[WorkerRow] = []
    for row in rows:
        worker = None if row.session is None else sessions.get(row.session)
        if worker is None:
            others.append(row)
        else:
            own[worker.number] = _marked(row, worker, glyphs)
    for worker in ours:
        hidden = {"off"} if worker.kind == "carried" else {"ended"}
        if worker.number not in own and worker.state not in hidden:
            own[worker.number] = _without_session(worker, glyphs)
    return (*(own[number] for number in sorted(own)), *others)


def about(worker: LocalWorker, keys: Keymap) -> tuple[Cell, str]:
    """How a worker does, and the keys that help it, '' where none is needed."""
    more, stop = keys.of("more", "+"), keys.of("stop-local", "K")
    if worker.state == "stopped":
        return Cell(f"crash loop: {worker.why}", Role.FAILED), f"{more} starts it, {stop} forgets it"
    if worker.state == "backing off":
        return Cell(f"crashed: {worker.why}; starts again by itself", Role.WAITING), ""
    if worker.state == "gone":
        return Cell(f"ended: {worker.why}", Role.FAILED), f"{more} starts it here, {stop} forgets it"
    if worker.state in {"failed", "ended"}:
        role = Role.FAILED if worker.state == "failed" else Role.DIM
        return Cell(f"ended: {worker.why}" if worker.why else "ended", role), f"{more} starts it again"
    if worker.state == "draining":
        return Cell("draining", Role.WAITING), f"{stop}: at once"
    adopted = ", adopted" if worker.kind == "adopted" else ""
    return Cell(f"{worker.state}{adopted}", Role.DIM), ""


def _marked(row: WorkerRow, worker: LocalWorker, glyphs: Glyphs) -> WorkerRow:
    cells = dict(row.cells)
    cells["worker"] = Cell(cells["worker"].text, Role.ACCENT, _whose(worker))
    cells["kind"] = Cell(worker.kind, Role.ACCENT)
    if worker.state == "draining" and row.live:
        cells["state"] = Cell(f"{glyphs.running} draining", Role.WAITING)
    return replace(row, key=_key(worker), cells=cells, local=worker.number)


def _without_session(worker: LocalWorker, glyphs: Glyphs) -> WorkerRow:
    glyph, word, role = _WORDS[worker.state]
    dash = Cell("-", Role.DIM)
    return WorkerRow(
        key=_key(worker),
        session=None,
        name=Ref(worker.name, worker.name),
        live=False,
        paused=False,
        local=worker.number,
        cells={
            "state": Cell(f"{getattr(glyphs, glyph)} {word}", role),
            "worker": Cell(worker.name, Role.ACCENT, _whose(worker)),
            "kind": Cell(worker.kind, Role.ACCENT),
            "pool": Cell(worker.pool),
            "load": dash,
            "beat": dash,
            "up": dash,
            "labels": Cell(worker.labels or "-", Role.DIM),
            "workflows": Cell(worker.target, Role.DIM),
            "process": Cell(f":{worker.pid}" if worker.pid else "-", Role.DIM),
        },
    )


def _key(worker: LocalWorker) -> int:
    """No session's, so that the cursor stays with a worker that begins or loses one."""
    return -1 - worker.number


def _whose(worker: LocalWorker) -> str:
    return " adopted" if worker.kind == "adopted" else " here"
