"""How far a bulk job is and what became of it, as glyphs, numbers and words. Pure."""

from __future__ import annotations

from collections.abc import Iterator

from sagewai.models.bulk import BulkJob, BulkOutcome, BulkPreview, BulkStatus, BulkVerb
from tui.format import Cell, Glyphs, Role, run_state

BAR = 10
"""Cells of a bar in a table."""

PAST: dict[BulkVerb, str] = {
    "cancel": "cancelled",
    "pause": "paused",
    "resume": "resumed",
    "retry": "retried",
    "discard": "discarded",
}


def bar(done: int, refused: int, total: int, cells: int, glyphs: Glyphs) -> str:
    """``██████××····``: what is refused shows, however little it is, and the bar is full only when nothing is left."""
    if total <= 0:
        return glyphs.dot * cells
    settled = cells if done + refused >= total else min(cells - 1, (done + refused) * cells // total)
    wrong = min(settled or 1, max(1, refused * cells // total)) if refused else 0
    return glyphs.bar * (settled - wrong) + glyphs.fault * wrong + glyphs.dot * (cells - max(settled, wrong))


def job_state(status: BulkStatus, glyphs: Glyphs) -> Cell:
    """A job's state."""
    glyph, word, role = {
        BulkStatus.RUNNING: (glyphs.running, "RUN", Role.RUNNING),
        BulkStatus.DONE: (glyphs.done, "DONE", Role.DONE),
        BulkStatus.STOPPED: (glyphs.cancelled, "STOP", Role.ENDED),
    }[status]
    return Cell(f"{glyph} {word}", role)


def item_state(outcome: BulkOutcome, glyphs: Glyphs) -> Cell:
    """What became of one run of a job."""
    glyph, word, role = {
        BulkOutcome.LEFT: (glyphs.pending, "left", Role.PENDING),
        BulkOutcome.DONE: (glyphs.done, "done", Role.DONE),
        BulkOutcome.REFUSED: (glyphs.fault, "refused", Role.FAILED),
    }[outcome]
    return Cell(f"{glyph} {word}", role)


def under_way(job: BulkJob, glyphs: Glyphs) -> Cell:
    """A line about a job that runs."""
    drawn = bar(job.done, job.refused, job.total, 2 * BAR, glyphs)
    refused = f", {job.refused:,} refused" if job.refused else ""
    settled = f"{job.done + job.refused:,}/{job.total:,}"
    return Cell(f"bulk job {job.id}: {job.verb}  {drawn}  {settled}{refused}", Role.RUNNING)


def ending(job: BulkJob) -> Cell:
    """A line about a job that is over."""
    said = f"bulk job {job.id}: {PAST[job.verb]} {job.done:,} of {job.total:,}"
    if job.refused:
        said += f", {job.refused:,} refused"
    if job.left:
        said += f", {job.left:,} left alone: it was stopped"
    return Cell(said, Role.DONE if job.done == job.total else Role.FAILED)


def possible(verb: BulkVerb, found: BulkPreview) -> str:
    """``9 can be retried, 3 not``, ``all 12 can be retried``."""
    total = sum(found.by_status.values()) + found.missing
    not_so = total - found.possible
    if not not_so:
        return f"{f'all {total:,}' if total > 1 else 'it'} can be {PAST[verb]}"
    return f"{found.possible:,} can be {PAST[verb]}, {not_so:,} not"


def impossible(verb: BulkVerb, found: BulkPreview) -> str:
    """``nothing to retry: none of 12 can be``."""
    total = sum(found.by_status.values()) + found.missing
    if not total:
        return f"nothing to {verb}: no such run is listed"
    which = "it can't" if total == 1 else f"none of {total:,} can"
    return f"nothing to {verb}: {which} be {PAST[verb]}"


def by_state(found: BulkPreview, glyphs: Glyphs) -> Iterator[Cell]:
    """How many stand how, the most first: ``9 ✖ FAIL  3 ✔ DONE``."""
    for status, count in sorted(found.by_status.items(), key=lambda pair: -pair[1]):
        state = run_state(status, None, None, glyphs)
        yield Cell(f"  {count:,} {state.text}", state.role)
    if found.missing:
        yield Cell(f"  {found.missing:,} gone", Role.DIM)
