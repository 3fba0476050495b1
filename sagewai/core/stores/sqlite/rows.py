"""Rows as the caller gets them: immutable values, words for numbers, aware datetimes for microseconds."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from types import MappingProxyType

from sagewai.core.stores import words
from sagewai.core.stores.sqlite.names import read_labels, read_steps, read_tags
from sagewai.core.stores.sqlite.transaction import Row
from sagewai.models.actor import Actor
from sagewai.models.call import Call, Spent
from sagewai.models.history import Attempt, DeadLetter, Event, EventKind
from sagewai.models.run import ErrorInfo, Run
from sagewai.models.session import ProcessIdentity, Session
from sagewai.models.wait import Signal, Wait

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

RUN = """
select r.id, r.run_id, w.name, r.status, r.wait, p.name, t.labels, coalesce(d.version, i.version, t.version),
       r.priority, i.tags,
       r.step, r.seq, d.steps, r.attempt, r.token, r.takeovers, r.asked, s.name, r.session, r.created_at, r.changed_at,
       r.step_started, r.due_at, i.submitted_by, l.at, c.calls, c.input_tokens, c.output_tokens, c.cost, c.unpriced
from runs r
join run_inputs i on i.run = r.id
join routes t on t.id = r.route
join workflows w on w.id = r.workflow
join pools p on p.id = r.pool
left join definitions d on d.id = r.definition
left join sessions s on s.id = r.session
left join deadlines l on l.run = r.id
left join spent c on c.run = r.id
"""

ATTEMPT = """
select ?, a.seq, a.step, a.attempt, a.token, s.name, a.outcome, a.started_at, a.finished_at, octet_length(a.result),
       a.error, a.delay
from attempts a left join sessions s on s.id = a.session
where a.run = ? order by a.id
"""

EVENT = """
select e.id, r.run_id, e.at, e.kind, e.actor, e.source, e.assurance, e.reason, e.detail
from events e left join runs r on r.id = e.run
"""

DEAD_LETTER = """
select l.id, r.run_id, w.name, p.name, l.step, l.attempts, l.takeovers, l.error, l.failed_at
from dead_letters l
join runs r on r.id = l.run
join workflows w on w.id = r.workflow
join pools p on p.id = r.pool
"""

WAIT = """
select w.step, w.branch, w.key, w.kind, w.name, w.status, w.asked_at, w.due_at, w.settled_at, g.payload, g.actor,
       g.source, g.assurance
from waits w left join signals g on g.id = w.signal
"""

SIGNAL = """
select g.id, r.run_id, g.name, g.payload, g.sent_at, g.actor, g.source, g.assurance, g.taken
from signals g join runs r on r.id = g.run
"""

CALL = """
select c.id, c.seq, c.step, c.attempt, c.branch, c.name, c.position, c.round, c.kind, c.digest, c.request, c.response,
       c.model, c.input_tokens, c.output_tokens, c.cost, c.latency, c.recorded_at
from calls c
"""

SESSION = """
select s.id, s.name, s.kind, s.pool, s.labels, s.workflows, s.status, s.asked,
       s.status <= 3 and s.lease_until > ?1, s.host, s.boot_id, s.pid_namespace, s.pid, s.process_started,
       (select count(*) from runs r where r.session = s.id),
       (select count(*) from runs r where r.assigned = s.id and r.assigned_until > ?1 and r.status = 1),
       s.max_concurrent, s.started_at, s.beat_at, s.lease_until,
       (select json_group_object(w.name, d.version) from session_definitions b join workflows w on w.id = b.workflow
        join definitions d on d.id = b.definition where b.session = s.id)
from sessions s
"""


def read_time(at: int) -> datetime:
    return _EPOCH + timedelta(microseconds=at)


def micros(moment: datetime) -> int:
    return (moment - _EPOCH) // timedelta(microseconds=1)


def maybe_time(at: int | None) -> datetime | None:
    return None if at is None else read_time(at)


def read_error(text: str) -> ErrorInfo:
    fields = json.loads(text)
    return ErrorInfo(fields["type"], fields["message"], fields.get("traceback", ""))


def error_text(error: ErrorInfo) -> str:
    return json.dumps({"type": error.type, "message": error.message, "traceback": error.traceback})


def run_of(row: Row) -> Run:
    (_, run_id, workflow, status, wait, pool, labels, version, priority, tags) = row[:10]
    (step, seq, steps, attempt, token, takeovers, asked, worker, session) = row[10:19]
    (created, changed, started, due, submitted_by, deadline) = row[19:25]
    known = read_steps(steps)
    return Run(
        run_id=run_id,
        workflow=workflow,
        status=words.STATUS[status],
        wait=None if wait is None else words.WAIT[wait],
        pool=pool,
        labels=MappingProxyType(read_labels(labels)),
        version=version,
        priority=priority,
        tags=MappingProxyType(read_tags(tags)),
        step=step,
        steps_done=seq,
        steps_total=len(known),
        attempt=attempt,
        max_attempts=known[min(seq, len(known) - 1)].max_attempts if known else 1,
        token=token,
        takeovers=takeovers,
        asked=None if asked is None else words.ASK[asked],
        worker=worker,
        session=session,
        created_at=read_time(created),
        changed_at=read_time(changed),
        step_started_at=maybe_time(started),
        due_at=maybe_time(due),
        submitted_by=submitted_by,
        deadline_at=maybe_time(deadline),
        spent=spent_of(row[25:]),
    )


def spent_of(row: Row) -> Spent:
    """A kept sum, or nothing where none was ever kept."""
    return Spent() if row[0] is None else Spent(*row)


def attempt_of(row: Row) -> Attempt:
    run_id, seq, step, attempt, token, worker, outcome, started, finished, size, error, delay = row
    return Attempt(
        run_id=run_id,
        seq=seq,
        step=step,
        attempt=attempt,
        token=token,
        worker=worker,
        outcome=words.OUTCOME[outcome],
        started_at=read_time(started),
        finished_at=read_time(finished),
        result_bytes=size,
        error=None if error is None else read_error(error),
        delay=delay,
    )


def event_of(row: Row) -> Event:
    number, run_id, at, kind, actor, source, assurance, reason, detail = row
    return Event(
        id=number,
        run_id=run_id,
        at=read_time(at),
        kind=EventKind(kind),
        actor=actor,
        source=source,
        assurance=assurance,
        reason=reason,
        detail=MappingProxyType({} if detail is None else json.loads(detail)),
    )


def dead_letter_of(row: Row) -> DeadLetter:
    _, run_id, workflow, pool, step, attempts, takeovers, error, failed = row
    return DeadLetter(
        run_id=run_id,
        workflow=workflow,
        pool=pool,
        step=step,
        attempts=attempts,
        takeovers=takeovers,
        error=read_error(error),
        failed_at=read_time(failed),
    )


def wait_of(row: Row, run_id: str) -> Wait:
    step, branch, key, kind, name, status, asked, due, settled, payload, *sender = row
    return Wait(
        run_id=run_id,
        step=step,
        branch=branch,
        key=key,
        kind=words.KIND[kind],
        name=name,
        status=words.WAIT_STATUS[status],
        asked_at=read_time(asked),
        due_at=maybe_time(due),
        settled_at=maybe_time(settled),
        payload=payload,
        sender=None if sender[0] is None else Actor(sender[0], source=sender[1], assurance=sender[2]),
    )


def signal_of(row: Row) -> Signal:
    number, run_id, name, payload, sent, actor, source, assurance, taken = row
    return Signal(
        id=number,
        run_id=run_id,
        name=name,
        payload=payload,
        sent_at=read_time(sent),
        sender=Actor(actor, source=source, assurance=assurance),
        taken=bool(taken),
    )


def call_of(row: Row, run_id: str) -> Call:
    number, *rest, recorded = row
    return Call(*(number, run_id, *rest, read_time(recorded)))


def session_of(row: Row) -> Session:
    (number, name, kind, pool, labels, workflows, status, asked, live) = row[:9]
    (host, boot_id, namespace, pid, process_started) = row[9:14]
    (running, assigned, most, started, beat, lease, versions) = row[14:]
    return Session(
        id=number,
        name=name,
        kind=kind,
        pool=pool,
        labels=MappingProxyType(read_labels(labels)),
        workflows=tuple(json.loads(workflows)),
        status=words.SESSION[status],
        asked=None if asked is None else words.ASK[asked],
        live=bool(live),
        process=ProcessIdentity(
            host=host, boot_id=boot_id, pid_namespace=namespace, pid=pid, started=process_started
        ),
        running=running,
        assigned=assigned,
        max_concurrent=most,
        started_at=read_time(started),
        beat_at=read_time(beat),
        lease_until=read_time(lease),
        versions=MappingProxyType(json.loads(versions)),
    )
