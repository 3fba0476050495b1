"""What must be true of the story's runs in the end, each claim with whether it is. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sagewai.models.execution import ExecutionDetail, TimelineEntry


@dataclass(frozen=True, slots=True)
class Told:
    """A run as the store has it."""

    detail: ExecutionDetail
    timeline: Sequence[TimelineEntry]

    def outcomes(self, step: str) -> list[str | None]:
        """How the attempts of a step ended, in order."""
        return [entry.outcome for entry in self.timeline if entry.kind == "attempt" and entry.step == step]

    def by(self, kind: str) -> list[str]:
        """Who caused the events of that kind."""
        return [entry.actor for entry in self.timeline if entry.kind == kind]

    def tokens(self, step: str, outcome: str) -> list[int]:
        return [entry.token or 0 for entry in self.timeline if (entry.step, entry.outcome) == (step, outcome)]


Claim = tuple[str, bool]


def killed_and_resumed(run: Told, *, actor: str, bodies_of_read: int) -> list[Claim]:
    """Of the run whose worker process was killed while it drafted, and that ``actor`` approved."""
    lost, recorded = run.tokens("draft", "lost"), run.tokens("draft", "completed")
    decisions = [approval.decision for approval in run.detail.approvals]
    return [
        ("the killed run completed", run.detail.status == "completed"),
        ("its recorded step `read` has one attempt", run.outcomes("read") == ["completed"]),
        ("the body of `read` ran once, says the worker's log", bodies_of_read == 1),
        ("the lost attempt of `draft` is on the timeline", bool(lost) and len(recorded) == 1),
        ("it was resumed under a higher token", bool(lost and recorded) and recorded[0] > max(lost)),
        ("so is the takeover", bool(run.by("taken_over"))),
        (
            f"{actor} approved it, and exactly the content shown",
            [
                (decision.verdict, decision.reviewer.name, decision.digest_seen == approval.digest)
                for approval, decision in zip(run.detail.approvals, decisions, strict=True)
                if decision
            ]
            == [("approve", actor, True)],
        ),
    ]


def rejected(run: Told, *, actor: str, reason: str) -> list[Claim]:
    """Of the run that ``actor`` rejected."""
    said = [approval.decision for approval in run.detail.approvals if approval.decision]
    return [
        ("the other notice ended as rejected", run.detail.status == "rejected"),
        (
            f"by {actor}, with the reason",
            [(item.verdict, item.reviewer.name, item.reason) for item in said] == [("reject", actor, reason)],
        ),
        ("and was not published", run.outcomes("publish") == []),
    ]


def retried_letter(run: Told, *, actor: str) -> list[Claim]:
    """Of the dead letter that ``actor`` retried once its file was corrected."""
    return [
        ("the dead letter completed after its retry", run.detail.status == "completed"),
        (f"{actor} retried it", run.by("retried") == [actor]),
        ("it failed first, then `parse` ran again", run.outcomes("parse") == ["failed", "completed"]),
        ("what was recorded before, `arrive`, didn't", run.outcomes("arrive").count("completed") == 1),
    ]


def flaky(run: Told) -> list[Claim]:
    """Of the import whose file was still being written."""
    tries = run.outcomes("arrive")
    return [
        (
            "the import tried again while its file was locked, then completed",
            run.detail.status == "completed"
            and tries[-1:] == ["completed"]
            and set(tries[:-1]) == {"failed"},
        ),
    ]
