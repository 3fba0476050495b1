"""What changed since somebody last decided at this gate, or was asked there. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from sagewai.models.approval import Approval, Decision
from sagewai.models.status import ApprovalStatus, Verdict
from tui.difference import difference
from tui.format import Role, clock
from tui.gateway.shape import Shaper
from tui.payload import Line, raw, readable


@dataclass(frozen=True, slots=True)
class Compared:
    """``lines`` say how one content became the other, ``what`` which they are; '' where there is but one.
    ``successor`` is the approval that asks in this one's place."""

    what: str = ""
    lines: tuple[Line, ...] = ()
    successor: int | None = None


def compared(approval: Approval, others: Sequence[Approval], shaper: Shaper) -> Compared:
    """A superseded approval with what is asked in its place; any other with what a reviewer made of it, else with the
    gate's content before it, as that was approved."""
    same = [each for each in others if _gate(each) == _gate(approval)]
    later = [each for each in same if each.id > approval.id]
    if approval.status is ApprovalStatus.SUPERSEDED and later:
        newest = later[-1]
        what = f"approval {newest.id} asks this in its place"
        return Compared(what, _lines(_asked(approval), _asked(newest), shaper), newest.id)
    if (edited := _edited(approval)) is not None:
        what = f"as {shaper.short(edited.reviewer.name)} {_verb(edited)} it at {clock(edited.decided_at)}"
        texts = (approval.prompt, edited.payload or "")
        return Compared(what, _lines(_asked(approval), texts, shaper))
    earlier = [each for each in same if each.id < approval.id]
    if not earlier:
        return Compared()
    last = earlier[-1]
    if (edited := _edited(last)) is not None:
        who = shaper.short(edited.reviewer.name)
        what = f"since {who} {_verb(edited)} it, edited, at {clock(edited.decided_at)}"
        return Compared(what, _lines((last.prompt, edited.payload or ""), _asked(approval), shaper))
    what = f"since revision {last.revision}, {last.status}, asked at {clock(last.requested_at)}"
    return Compared(what, _lines(_asked(last), _asked(approval), shaper))


def between(old: str, new: str, shaper: Shaper) -> tuple[Line, ...]:
    """What changed between two JSON texts."""
    return difference(list(_json(old, shaper)), list(_json(new, shaper)), shaper.glyphs)


def _gate(approval: Approval) -> tuple[str, str, str]:
    return approval.step, approval.branch, approval.gate


def _asked(approval: Approval) -> tuple[str, str]:
    return approval.prompt, approval.context or ""


def _edited(approval: Approval) -> Decision | None:
    """The last approval of it that carried a content of its own. Where the gate allows no edit a payload is something
    else, said to the step: another budget, for one."""
    if approval.policy.edit_schema is None:
        return None
    given = [*approval.decisions, *([approval.decision] if approval.decision else [])]
    edits = [each for each in given if each.payload is not None and each.verdict is Verdict.APPROVE]
    return edits[-1] if edits else None


def _verb(decision: Decision) -> str:
    return "approved" if decision.verdict is Verdict.APPROVE else "rejected"


def _lines(old: tuple[str, str], new: tuple[str, str], shaper: Shaper) -> tuple[Line, ...]:
    found = difference(list(_content(*old, shaper)), list(_content(*new, shaper)), shaper.glyphs)
    return found or (Line("the content is the same", Role.DIM),)


def _content(prompt: str, context: str, shaper: Shaper) -> Iterator[str]:
    yield from (line.text for line in raw(prompt, shaper.scribe))
    if context and context not in {"{}", "null"}:
        yield ""
        yield from _json(context, shaper)


def _json(text: str, shaper: Shaper) -> Iterator[str]:
    return (line.head + line.text for line in readable(text, shaper.scribe, shaper.glyphs))
