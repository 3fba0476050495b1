"""How facts are written on the console: ages, durations, sizes, and each state as a glyph and a word. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sagewai.core.money import money
from sagewai.models.status import ApprovalStatus, Ask, Outcome, RunStatus, SessionStatus, WaitReason


class Role(StrEnum):
    """What a piece of text means; the theme gives each role its colour. Meaning never rests on it alone."""

    PLAIN = "plain"
    DIM = "dim"
    STRONG = "strong"
    ACCENT = "accent"
    PENDING = "pending"
    RUNNING = "running"
    WAITING = "waiting"
    PAUSED = "paused"
    DONE = "done"
    FAILED = "failed"
    ENDED = "ended"
    ON_RED = "on red"
    ON_YELLOW = "on yellow"
    ON_GREEN = "on green"
    ON_BLUE = "on blue"
    ON_MAGENTA = "on magenta"
    ON_CYAN = "on cyan"
    ON_GREY = "on grey"


@dataclass(frozen=True, slots=True)
class Cell:
    """Safe text and what it means. ``tail`` stands behind it and is kept when the text has to be shortened."""

    text: str
    role: Role = Role.PLAIN
    tail: str = ""


@dataclass(frozen=True, slots=True)
class Glyphs:
    """The marks the console draws itself; all but ``arrow`` are one cell wide in both sets."""

    pending: str = "○"
    running: str = "●"
    waiting: str = "▲"
    timer: str = "◷"
    signal: str = "◇"
    paused: str = "‖"
    done: str = "✔"
    failed: str = "✖"
    rejected: str = "⊘"
    cancelled: str = "–"
    crumb: str = "›"
    cursor: str = "▸"
    mark: str = "*"
    bar: str = "█"
    live_edge: str = "▶"
    backoff: str = "▒"
    wait: str = "┈"
    queued: str = "·"
    lost: str = "↯"
    fault: str = "×"
    let_go: str = "↷"
    gutter: str = "│"
    rule: str = "─"
    arrow: str = "→"
    dot: str = "·"
    ellipsis: str = "…"


UNICODE = Glyphs()
ASCII = Glyphs(
    pending="o",
    running="*",
    waiting="^",
    timer="@",
    signal="?",
    paused="=",
    done="+",
    failed="!",
    rejected="x",
    cancelled="-",
    crumb=">",
    cursor=">",
    bar="#",
    live_edge=">",
    backoff="%",
    wait=".",
    queued=" ",
    lost="!",
    fault="x",
    let_go="/",
    gutter="|",
    rule="-",
    arrow="->",
    dot="-",
    ellipsis="~",
)


def context_role(colour: str) -> Role:
    """What a context's name is painted on."""
    return Role(f"on {colour or 'grey'}")


def run_state(status: RunStatus, wait: WaitReason | None, asked: Ask | None, glyphs: Glyphs) -> Cell:
    """A run's state. What an operator asked of a running run shows until its owner has obeyed."""
    if status is RunStatus.RUNNING and asked in {Ask.CANCEL, Ask.PAUSE}:
        word = "CANC?" if asked is Ask.CANCEL else "PAUS?"
        return Cell(f"{glyphs.running} {word}", Role.WAITING)
    if status is RunStatus.WAITING and wait is WaitReason.TIMER:
        return Cell(f"{glyphs.timer} TIMER", Role.PENDING)
    if status is RunStatus.WAITING and wait is WaitReason.SIGNAL:
        return Cell(f"{glyphs.signal} SIGNL", Role.PENDING)
    glyph, word, role = {
        RunStatus.PENDING: (glyphs.pending, "PEND", Role.PENDING),
        RunStatus.RUNNING: (glyphs.running, "RUN", Role.RUNNING),
        RunStatus.WAITING: (glyphs.waiting, "WAIT", Role.WAITING),
        RunStatus.PAUSED: (glyphs.paused, "PAUSE", Role.PAUSED),
        RunStatus.COMPLETED: (glyphs.done, "DONE", Role.DONE),
        RunStatus.FAILED: (glyphs.failed, "FAIL", Role.FAILED),
        RunStatus.REJECTED: (glyphs.rejected, "REJ", Role.ENDED),
        RunStatus.CANCELLED: (glyphs.cancelled, "CANC", Role.ENDED),
    }[status]
    return Cell(f"{glyph} {word}", role)


def approval_state(status: ApprovalStatus, glyphs: Glyphs) -> Cell:
    """An approval's state."""
    glyph, role = {
        ApprovalStatus.PENDING: (glyphs.waiting, Role.WAITING),
        ApprovalStatus.APPROVED: (glyphs.done, Role.DONE),
        ApprovalStatus.REJECTED: (glyphs.rejected, Role.FAILED),
        ApprovalStatus.SUPERSEDED: (glyphs.cancelled, Role.ENDED),
        ApprovalStatus.EXPIRED: (glyphs.cancelled, Role.ENDED),
        ApprovalStatus.CANCELLED: (glyphs.cancelled, Role.ENDED),
    }[status]
    return Cell(f"{glyph} {status}", role)


def outcome_state(outcome: Outcome, glyphs: Glyphs) -> Cell:
    """How an attempt ended."""
    glyph, role = {
        Outcome.COMPLETED: (glyphs.done, Role.DONE),
        Outcome.FAILED: (glyphs.fault, Role.FAILED),
        Outcome.TIMED_OUT: (glyphs.fault, Role.FAILED),
        Outcome.SUSPENDED: (glyphs.waiting, Role.WAITING),
        Outcome.LOST: (glyphs.lost, Role.FAILED),
        Outcome.RELEASED: (glyphs.let_go, Role.PENDING),
        Outcome.CANCELLED: (glyphs.cancelled, Role.ENDED),
        Outcome.REJECTED: (glyphs.rejected, Role.ENDED),
    }[outcome]
    return Cell(f"{glyph} {str(outcome).replace('_', ' ')}", role)


def session_state(status: SessionStatus, live: bool, asked: Ask | None, glyphs: Glyphs) -> Cell:
    """A worker's state; one whose lease has run out is stale, whatever it last said."""
    if not live:
        over = status in {SessionStatus.STOPPED, SessionStatus.LAPSED}
        return (
            Cell(f"{glyphs.cancelled} {status}", Role.ENDED)
            if over
            else Cell(f"{glyphs.failed} STALE", Role.FAILED)
        )
    if asked is not None:
        return Cell(f"{glyphs.running} {asked}?", Role.WAITING)
    if status is SessionStatus.DRAINING:
        return Cell(f"{glyphs.running} draining", Role.WAITING)
    if status is SessionStatus.PAUSED:
        return Cell(f"{glyphs.paused} paused", Role.PAUSED)
    return Cell(f"{glyphs.running} live", Role.RUNNING)


def age(seconds: float) -> str:
    """How long ago, in steps coarse enough that an idle screen stays still: 5 s, minutes, hours, days."""
    seconds = max(0.0, seconds)
    if seconds < 60:
        return f"{int(seconds // 5) * 5}s"
    if seconds < 3600:
        return f"{int(seconds // 60)}m"
    if seconds < 48 * 3600:
        return f"{int(seconds // 3600)}h"
    return f"{int(seconds // 86400)}d"


def duration(seconds: float) -> str:
    """How long something took, in at most six characters: 35ms, 1.2s, 48s, 1m48s, 2h05m, 3d04h."""
    seconds = max(0.0, seconds)
    if seconds < 0.9995:
        return f"{seconds * 1000:.0f}ms"
    if seconds < 9.95:
        return f"{seconds:.1f}s"
    whole = round(seconds)
    if whole < 60:
        return f"{whole}s"
    if whole < 3600:
        return f"{whole // 60}m{whole % 60:02}s"
    if whole < 86400:
        return f"{whole // 3600}h{whole % 3600 // 60:02}m"
    return f"{whole // 86400}d{whole % 86400 // 3600:02}h"


def size(count: int) -> str:
    """Bytes, decimal: 812 B, 1.2 kB, 3.4 MB."""
    if count < 1000:
        return f"{count} B"
    if count < 999_950:
        return f"{count / 1000:.1f} kB"
    return f"{count / 1_000_000:.1f} MB"


def number(count: int) -> str:
    """A count in at most five characters: 0, 999, 12.3k, 1.2M."""
    if count < 10_000:
        return str(count)
    if count < 999_950:
        return f"{count / 1000:.1f}k" if count < 99_950 else f"{count / 1000:.0f}k"
    return f"{count / 1_000_000:.1f}M"


def cost(usd: float, calls: int, unpriced: int) -> str:
    """What ``calls`` cost together. That of those without a known price is unknown, never nothing."""
    if not unpriced:
        return money(usd)
    return money(None) if unpriced >= calls else f"{money(usd)} + {number(unpriced)} unknown"


def clock(moment: datetime) -> str:
    """The time of day, UTC, to the minute."""
    return f"{moment:%H:%M}Z"


def stamp(moment: datetime) -> str:
    """Date and time, UTC, to the second."""
    return f"{moment:%Y-%m-%d %H:%M:%S}Z"


def plural(count: int, noun: str) -> str:
    """``1 run``, ``12.3k runs``."""
    return f"{number(count)} {noun}{'' if count == 1 else 's'}"


def exact(count: int, noun: str) -> str:
    """The same to the last one: ``1 token``, ``12,345 tokens``."""
    return f"{count:,} {noun}{'' if count == 1 else 's'}"
