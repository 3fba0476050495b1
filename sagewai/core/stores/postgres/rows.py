"""Rows as the models they stand for. Pure."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from types import MappingProxyType
from typing import NamedTuple

from sagewai.core.labels import decode_labels
from sagewai.core.policies import decode_policy
from sagewai.core.stores import words
from sagewai.core.stores.postgres.database import Row
from sagewai.models.actor import SYSTEM, Actor
from sagewai.models.approval import Approval, Decision
from sagewai.models.call import Call, Spent
from sagewai.models.history import Attempt, DeadLetter, Event, EventKind
from sagewai.models.run import ErrorInfo, LabelValue, LeasedRun, Run, RunOutcome
from sagewai.models.session import ProcessIdentity, Session
from sagewai.models.status import Ask, RunStatus, Verdict
from sagewai.models.wait import Signal, Wait

NO_TAGS: Mapping[str, str] = MappingProxyType({})
NO_LABELS: Mapping[str, LabelValue] = MappingProxyType({})
NO_RESULTS: Mapping[str, str] = MappingProxyType({})


class Shared(NamedTuple):
    """What the runs of a route have in common."""

    workflow: str
    pool: str
    labels: Mapping[str, LabelValue]


def labels(text: str) -> Mapping[str, LabelValue]:
    return NO_LABELS if text == "{}" else MappingProxyType(decode_labels(json.loads(text)))


def tags(text: str | None) -> Mapping[str, str]:
    return NO_TAGS if text is None else MappingProxyType(json.loads(text))


def error(text: str | None) -> ErrorInfo | None:
    return None if text is None else ErrorInfo(**json.loads(text))


def asked(code: int | None) -> Ask | None:
    return None if code is None else words.ASK[code]


def run(row: Row) -> Run:
    return Run(
        run_id=row["run_id"],
        workflow=row["workflow"],
        status=words.STATUS[row["status"]],
        wait=None if row["wait"] is None else words.WAIT[row["wait"]],
        pool=row["pool"],
        labels=labels(row["labels"]),
        version=row["version"],
        priority=row["priority"],
        tags=tags(row["tags"]),
        step=row["step"],
        steps_done=row["steps_done"],
        steps_total=row["steps_total"],
        attempt=row["attempt"],
        max_attempts=row["max_attempts"],
        token=row["token"],
        takeovers=row["takeovers"],
        asked=asked(row["asked"]),
        worker=row["worker"],
        session=row["session"],
        created_at=row["created_at"],
        changed_at=row["changed_at"],
        step_started_at=row["step_started_at"],
        due_at=row["due_at"],
        submitted_by=row["submitted_by"],
        deadline_at=row["deadline_at"],
        spent=spent(row),
    )


def shared(row: Row) -> Shared:
    return Shared(row["workflow"], row["pool"], labels(row["labels"]))


def leased_run(row: Row, shared: Shared) -> LeasedRun:
    return LeasedRun(
        key=row["id"],
        run_id=row["run_id"],
        workflow=shared.workflow,
        token=row["token"],
        rev=row["rev"],
        seq=row["seq"],
        attempt=row["attempt"],
        wakeups=row["wakeups"],
        takeovers=row["takeovers"],
        input=row["input"],
        results=NO_RESULTS
        if row["seq"] == 0
        else MappingProxyType(dict(zip(row["steps"] or (), row["results"] or (), strict=True))),
        pool=shared.pool,
        labels=shared.labels,
        tags=tags(row["tags"]),
    )


def outcome(row: Row, expired_reason: str) -> RunOutcome:
    status = words.STATUS[row["status"]]
    by, reason = "", ""
    if status is RunStatus.CANCELLED:
        by, reason = row["actor"], row["reason"]
    elif status is RunStatus.REJECTED:
        by = row["reviewer"] or SYSTEM.name
        reason = expired_reason if row["reviewer"] is None else row["rejection_reason"]
    return RunOutcome(
        status=status,
        wait=None if row["wait"] is None else words.WAIT[row["wait"]],
        step=row["step"],
        output=row["output"],
        error=error(row["error"]),
        by=by,
        reason=reason,
        due_at=row["due_at"],
        session=row["session"],
    )


def attempt(run_id: str, row: Row) -> Attempt:
    return Attempt(
        run_id=run_id,
        seq=row["seq"],
        step=row["step"],
        attempt=row["attempt"],
        token=row["token"],
        worker=row["worker"],
        outcome=words.OUTCOME[row["outcome"]],
        started_at=row["started_at"],
        finished_at=row["finished_at"],
        result_bytes=row["result_bytes"],
        error=error(row["error"]),
        delay=row["delay"],
    )


def event(row: Row) -> Event:
    return Event(
        id=row["id"],
        run_id=row["run_id"],
        at=row["at"],
        kind=EventKind(row["kind"]),
        actor=SYSTEM.name if row["actor"] is None else row["actor"],
        source=SYSTEM.source if row["source"] is None else row["source"],
        assurance=SYSTEM.assurance if row["assurance"] is None else row["assurance"],
        reason=row["reason"],
        detail=MappingProxyType(json.loads(row["detail"]) if row["detail"] else {}),
    )


def approval(row: Row) -> Approval:
    decisions = _decisions(row["decisions"])
    return Approval(
        id=row["id"],
        run_id=row["run_id"],
        workflow=row["workflow"],
        pool=row["pool"],
        step=row["step"],
        branch=row["branch"],
        gate=row["gate"],
        status=words.APPROVAL[row["status"]],
        prompt=row["prompt"],
        context=row["context"],
        context_bytes=row["context_bytes"],
        digest=row["digest"],
        revision=row["revision"],
        requested_at=row["requested_at"],
        deadline_at=row["deadline_at"],
        decision=decisions.get(row["decision"]),
        decisions=tuple(decisions.values()),
        policy=decode_policy(row["policy"]),
        level=row["level"],
        requester=row["requester"],
        claimed_by=row["claimed_by"],
        claimed_until=row["claimed_until"],
        snoozed_until=row["snoozed_until"],
    )


def _decisions(text: str | None) -> dict[int, Decision]:
    """All of an approval by their ids, oldest first."""
    return {
        each["id"]: Decision(
            verdict=Verdict(each["verdict"]),
            reviewer=Actor(each["reviewer"], source=each["source"], assurance=each["assurance"]),
            reason=each["reason"],
            payload=each["payload"],
            digest_seen=each["digest_seen"],
            decided_at=datetime.fromisoformat(each["decided_at"]).replace(tzinfo=UTC),
            shared=each["shared"],
        )
        for each in json.loads(text or "[]")
    }


def wait(run_id: str, row: Row) -> Wait:
    return Wait(
        run_id=run_id,
        step=row["step"],
        branch=row["branch"],
        key=row["key"],
        kind=words.KIND[row["kind"]],
        name=row["name"],
        status=words.WAIT_STATUS[row["status"]],
        asked_at=row["asked_at"],
        due_at=row["due_at"],
        settled_at=row["settled_at"],
        payload=row["payload"],
        sender=None if row["actor"] is None else _actor(row),
    )


def signal(run_id: str, row: Row) -> Signal:
    return Signal(
        id=row["id"],
        run_id=run_id,
        name=row["name"],
        payload=row["payload"],
        sent_at=row["sent_at"],
        sender=_actor(row),
        taken=row["taken"],
    )


def _actor(row: Row) -> Actor:
    return Actor(row["actor"], source=row["source"], assurance=row["assurance"])


def call(run_id: str, row: Row) -> Call:
    return Call(
        id=row["id"],
        run_id=run_id,
        seq=row["seq"],
        step=row["step"],
        attempt=row["attempt"],
        branch=row["branch"],
        name=row["name"],
        position=row["position"],
        round=row["round"],
        kind=row["kind"],
        digest=row["digest"],
        request=row["request"],
        response=row["response"],
        model=row["model"],
        input_tokens=row["input_tokens"],
        output_tokens=row["output_tokens"],
        cost=row["cost"],
        latency=row["latency"],
        recorded_at=row["recorded_at"],
    )


def spent(row: Row) -> Spent:
    return Spent(
        calls=row["calls"],
        input_tokens=row["input_tokens"],
        output_tokens=row["output_tokens"],
        cost=row["cost"],
        unpriced=row["unpriced"],
    )


def dead_letter(row: Row) -> DeadLetter:
    return DeadLetter(
        run_id=row["run_id"],
        workflow=row["workflow"],
        pool=row["pool"],
        step=row["step"],
        attempts=row["attempts"],
        takeovers=row["takeovers"],
        error=error(row["error"]) or ErrorInfo(type="", message=""),
        failed_at=row["failed_at"],
    )


def session(row: Row) -> Session:
    return Session(
        id=row["id"],
        name=row["name"],
        kind=row["kind"],
        pool=row["pool"],
        labels=labels(row["labels"]),
        workflows=tuple(row["workflows"]),
        status=words.SESSION[row["status"]],
        asked=asked(row["asked"]),
        live=row["live"],
        process=ProcessIdentity(
            host=row["host"],
            boot_id=row["boot_id"],
            pid_namespace=row["pid_namespace"],
            pid=row["pid"],
            started=row["process_started"],
        ),
        running=row["running"],
        assigned=row["assigned"],
        max_concurrent=row["max_concurrent"],
        started_at=row["started_at"],
        beat_at=row["beat_at"],
        lease_until=row["lease_until"],
        versions=MappingProxyType(json.loads(row["versions"] or "{}")),
    )
