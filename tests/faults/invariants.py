"""I1 to I6 and I8, each a pure question to the evidence that answers with what is wrong; I7 is asked of the store.

I1 no acknowledged run or decision is lost          I5 a gate opened only by one matching decision
I2 a recorded step never runs again                 I6 attempts and claims within limits, then a dead letter
I3 one terminal state                               I7 everything settles within two leases and five seconds
I4 accepted writes are ordered by token             I8 the audit's chain holds, decisions are audit rows
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from itertools import pairwise

from sagewai.core.policies import content_digest
from sagewai.core.stores.base import POISON_LIMIT
from sagewai.models.approval import Approval
from sagewai.models.history import AUDITED, Attempt, EventKind
from sagewai.models.status import TERMINAL, ApprovalStatus, Outcome, RunStatus, Verdict
from tests.faults.evidence import Acknowledged as Acknowledged
from tests.faults.evidence import Evidence, Story
from tests.faults.evidence import gather as gather
from tests.faults.ledger import OPENED, Line

READY = (
    EventKind.TAKEN_OVER,
    EventKind.RELEASED,
    EventKind.REFUSED,
    EventKind.WOKEN,
    EventKind.RESUMED,
    EventKind.RETRIED,
)
"""Each of these may make a run ready once more."""

TRIED = (Outcome.COMPLETED, Outcome.FAILED, Outcome.TIMED_OUT)
"""Ways to end that use up an attempt."""

ENDINGS = {
    EventKind.COMPLETED: RunStatus.COMPLETED,
    EventKind.FAILED: RunStatus.FAILED,
    EventKind.CANCELLED: RunStatus.CANCELLED,
}


def broken(evidence: Evidence) -> list[str]:
    """Every violation, each with the invariant it belongs to."""
    return [f"{name}: {problem}" for name, check in CHECKS.items() for problem in check(evidence)]


def lost(evidence: Evidence) -> Iterator[str]:
    """I1: what was acknowledged and isn't there."""
    told = evidence.acknowledged
    yield from (f"run {run} is lost" for run in told.runs if run not in evidence.stories)
    for run, output in told.outputs.items():
        if (story := evidence.stories.get(run)) is None or story.output != output:
            yield f"run {run} gave {output}, now {story and story.output}"
    for approval in told.decisions:
        decision, story = approval.decision, evidence.stories.get(approval.run_id)
        kept = [each for each in story.approvals if each.id == approval.id] if story else []
        if decision is None or not any(decision in each.decisions for each in kept):
            yield f"the decision on approval {approval.id} of run {approval.run_id} is lost"


def ran_again(evidence: Evidence) -> Iterator[str]:
    """I2: bodies under a token, or an attempt, after that of the recorded result; results recorded twice."""
    for story in evidence.stories.values():
        recorded: dict[str, Attempt] = {}
        for attempt in _completed(story):
            if attempt.step in recorded:
                yield f"run {attempt.run_id}: {attempt.step} is recorded twice"
            recorded[attempt.step] = attempt
        for line in _lines(evidence, story):
            done = recorded.get(line.step.removesuffix(OPENED))
            if done is not None and (line.token, line.attempt) > (done.token, done.attempt):
                yield f"run {line.run}: {line.step} ran under {line.token} after {done.token} had recorded it"
        bodies = Counter(line[:4] for line in _lines(evidence, story) if not line.step.endswith(OPENED))
        yield from (
            f"run {body[0]}: a body ran {times} times in one attempt: {body}"
            for body, times in bodies.items()
            if times > 1
        )


def ended_twice(evidence: Evidence) -> Iterator[str]:
    """I3: terminal states, one after the other or beside each other; results that a completed run lacks."""
    for run_id, story in evidence.stories.items():
        status, ending = story.run.status, None
        for event in story.events:
            if event.kind is EventKind.RETRIED:
                ending = None
            elif event.kind in ENDINGS:
                if ending is not None:
                    yield f"run {run_id}: {event.kind} after it was {ending}"
                ending = ENDINGS[event.kind]
        if status is not RunStatus.REJECTED and ending is not (status if status in TERMINAL else None):
            yield f"run {run_id} is {status}, its events say {ending}"
        if status is RunStatus.REJECTED and ending is not None:
            yield f"run {run_id} is rejected, its events say {ending}"
        if status is RunStatus.COMPLETED:
            done = [attempt.step for attempt in _completed(story)]
            if done != [step.name for step in story.steps]:
                yield f"run {run_id} is completed with results of {done}"


def out_of_order(evidence: Evidence) -> Iterator[str]:
    """I4: writes under a token that had been followed by another; results nobody computed."""
    for run_id, story in evidence.stories.items():
        tokens = [attempt.token for attempt in story.attempts]
        if tokens != sorted(tokens):
            yield f"run {run_id}: attempts were accepted under {tokens}"
        claims = [_number(event.detail["token"]) for event in story.events if event.kind is EventKind.CLAIMED]
        if any(second <= first for first, second in pairwise(claims)):
            yield f"run {run_id}: claims got the tokens {claims}"
        if story.run.workflow == "ledger":
            bodies = {(line.step, line.attempt, line.token, line.worker) for line in _lines(evidence, story)}
            for each in _completed(story):
                if each.token and (each.step, each.attempt, each.token, each.worker) not in bodies:
                    yield f"run {run_id}: {each.worker} recorded {each.step} under {each.token} and never ran it"


def opened_wrongly(evidence: Evidence) -> Iterator[str]:
    """I5: gates that opened without a decision on what they show, or by more than one."""
    for run_id, story in evidence.stories.items():
        opened = {
            line.step.removesuffix(OPENED) for line in _lines(evidence, story) if line.step.endswith(OPENED)
        }
        asked = {attempt.step for attempt in story.attempts if attempt.outcome is Outcome.SUSPENDED}
        asked &= {approval.step for approval in story.approvals}
        for step in opened | (asked & {attempt.step for attempt in _completed(story)}):
            if not any(
                each.status is ApprovalStatus.APPROVED for each in story.approvals if each.step == step
            ):
                yield f"run {run_id}: the gate of {step} opened, and nobody approved"
        for approval in story.approvals:
            yield from (
                f"run {run_id}, approval {approval.id}: {problem}"
                for problem in _ill_decided(story, approval)
            )


def _ill_decided(story: Story, approval: Approval) -> Iterator[str]:
    if approval.digest != content_digest(approval.prompt, approval.context or "null", approval.policy):
        yield "its digest isn't that of its content"
    for decision in approval.decisions:
        if decision.digest_seen not in (None, approval.digest):
            yield f"{decision.reviewer.name} decided about other content"
    said = Counter(
        event.kind
        for event in story.events
        if event.kind in (EventKind.APPROVED, EventKind.REJECTED)
        and event.detail["approval_id"] == approval.id
    )
    kept = Counter(
        EventKind.APPROVED if decision.verdict is Verdict.APPROVE else EventKind.REJECTED
        for decision in approval.decisions
    )
    if said != kept:
        yield f"decisions {dict(kept)}, events {dict(said)}"
    if kept[EventKind.APPROVED] > approval.policy.required or kept[EventKind.REJECTED] > 1:
        yield f"more decisions than it takes: {dict(kept)}"
    if approval.status is ApprovalStatus.APPROVED and kept[EventKind.APPROVED] < approval.policy.required:
        yield f"approved by {kept[EventKind.APPROVED]} of {approval.policy.required}"


def beyond_limits(evidence: Evidence) -> Iterator[str]:
    """I6: more attempts, claims or takeovers than allowed; failed runs without a dead letter, and the reverse."""
    for run_id, story in evidence.stories.items():
        limits = {step.name: step.max_attempts for step in story.steps}
        retries = [event.at for event in story.events if event.kind is EventKind.RETRIED]
        used = Counter(
            attempt.step
            for attempt in story.attempts
            if attempt.outcome in TRIED and (not retries or attempt.finished_at > retries[-1])
        )
        highest = {
            attempt.step: attempt.attempt for attempt in sorted(story.attempts, key=lambda each: each.attempt)
        }
        for step, limit in limits.items():
            if max(used[step], highest.get(step, 0)) > limit:
                yield f"run {run_id}: {used[step]} attempts of {step}, the last numbered {highest[step]}, limit {limit}"
        kinds = Counter(event.kind for event in story.events)
        if kinds[EventKind.CLAIMED] > 1 + sum(kinds[kind] for kind in READY):
            yield f"run {run_id} was claimed {kinds[EventKind.CLAIMED]} times, and ready less often"
        for event in story.events:
            if event.kind is EventKind.TAKEN_OVER and _number(event.detail["takeovers"]) > POISON_LIMIT:
                yield f"run {run_id} was taken over {event.detail['takeovers']} times in a row"
        if story.run.takeovers >= POISON_LIMIT and story.run.status not in TERMINAL:
            yield f"run {run_id} lost {story.run.takeovers} workers and is {story.run.status}"
        failed = story.run.status is RunStatus.FAILED and not kinds[EventKind.DISCARDED]
        if failed is not (run_id in evidence.dead_letters):
            yield f"run {run_id} is {story.run.status}, {'without' if failed else 'with'} a dead letter"


def unaudited(evidence: Evidence) -> Iterator[str]:
    """I8: a chain that breaks, entries nobody caused, acts without an entry."""
    if evidence.chain.broken is not None:
        yield evidence.chain.broken
    acts = Counter(
        (event.run_id or "", str(event.kind), event.actor, event.reason)
        for events in (*(story.events for story in evidence.stories.values()), evidence.asks)
        for event in events
        if event.kind in AUDITED and event.source != "worker"
    )
    entries = Counter((entry.run_id, entry.kind, entry.actor, entry.reason) for entry in evidence.audit)
    yield from (f"no audit entry says {act}" for act in (acts - entries).elements())
    yield from (f"the audit says {entry}, no event does" for entry in (entries - acts).elements())


def miscounted(evidence: Evidence) -> Iterator[str]:
    """The kept counters, which nobody numbered but everybody reads: other than what counting gives."""
    counted = Counter((story.run.pool, story.run.status) for story in evidence.stories.values())
    kept = {
        (pool, status): count
        for pool, found in evidence.counts.by_pool.items()
        for status, count in found.items()
    }
    if dict(counted) != kept:
        yield f"counters say {kept}, there are {dict(counted)}"
    if evidence.counts.dead_letters != len(evidence.dead_letters):
        yield f"counters say {evidence.counts.dead_letters} dead letters, there are {len(evidence.dead_letters)}"


CHECKS: dict[str, Callable[[Evidence], Iterator[str]]] = {
    "I1": lost,
    "I2": ran_again,
    "I3": ended_twice,
    "I4": out_of_order,
    "I5": opened_wrongly,
    "I6": beyond_limits,
    "I8": unaudited,
    "counters": miscounted,
}


def _completed(story: Story) -> Sequence[Attempt]:
    return [attempt for attempt in story.attempts if attempt.outcome is Outcome.COMPLETED]


def _lines(evidence: Evidence, story: Story) -> Sequence[Line]:
    return evidence.lines.get(story.run.run_id, ())


def _number(value: object) -> int:
    assert isinstance(value, int)
    return value
