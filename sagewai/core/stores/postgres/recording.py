"""The owner's moves: one statement and one commit for whatever a committer has gathered."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence

from sagewai.core.codec import require_storable
from sagewai.core.labels import labels_text
from sagewai.core.policies import encode_policy
from sagewai.core.stores import words
from sagewai.core.stores.postgres import rows
from sagewai.core.stores.postgres.database import Database, Row
from sagewai.core.stores.postgres.names import Names
from sagewai.core.stores.postgres.statements import (
    HEADS,
    RECORD_MOVES,
    RECORD_PROGRESS,
    RECORD_STEP,
    ROUTES_OF,
)
from sagewai.models.run import RunHead
from sagewai.models.status import RunStatus
from sagewai.models.transition import Move, Transition

MAX_ERROR_TYPE = 500
"""Characters of an error's type by which dead letters are grouped: an index entry must hold them."""

_PROGRESS = frozenset({Move.STEP_DONE, Move.COMPLETED, Move.RETRY})
"""Moves that the lean statement can make."""

_ASK_FIRST = 0
"""The position by which the lean statement says that a run needs the other one."""


async def record(
    database: Database, names: Names, transitions: Sequence[Transition]
) -> list[RunStatus | None]:
    for each in transitions:
        _require_storable(each)
    if len(transitions) == 1 and transitions[0].move is Move.STEP_DONE:
        lone = transitions[0]
        values = (lone.key, lone.token, lone.rev, lone.step, lone.next_step, lone.result)
        if await database.fetch(RECORD_STEP, *values):
            return [RunStatus.RUNNING]
    if transitions and all(each.move in _PROGRESS for each in transitions):
        found = await database.fetch(RECORD_PROGRESS, *_progress(transitions))
        if not any(row["position"] == _ASK_FIRST for row in found):
            return _verdicts(transitions, found)
    found = await database.fetch(
        RECORD_MOVES,
        *_moves(transitions, await _routes(database, names, transitions)),
        *_requests(transitions),
        *_waits(transitions),
    )
    return _verdicts(transitions, found)


async def _routes(database: Database, names: Names, transitions: Sequence[Transition]) -> dict[int, int]:
    """By key: the route to which a refused run moves, found or made before the run is locked. Nobody but its owner
    moves a run to another route."""
    versions = {each.key: each.route_version for each in transitions if each.move is Move.REFUSED}
    if not versions:
        return {}
    wanted = {
        row["id"]: (
            row["pool"],
            row["workflow"],
            versions[row["id"]],
            labels_text(rows.labels(row["labels"])),
        )
        for row in await database.fetch(ROUTES_OF, list(versions))
    }
    ids = await names.routes(wanted.values())
    return {key: ids[name] for key, name in wanted.items()}


async def heads(database: Database, keys: Sequence[int]) -> dict[int, RunHead]:
    rows = await database.fetch(HEADS, list(dict.fromkeys(keys)))
    return {row["id"]: RunHead(row["token"], row["rev"], words.STATUS[row["status"]]) for row in rows}


def _verdicts(transitions: Sequence[Transition], found: list[Row]) -> list[RunStatus | None]:
    verdicts: list[RunStatus | None] = [None] * len(transitions)
    for position, status in found:
        verdicts[position - 1] = words.STATUS[status]
    return verdicts


def _require_storable(move: Transition) -> None:
    require_storable(move.step, "the step")
    if move.next_step is not None:
        require_storable(move.next_step, "next_step")
    if move.result is not None:
        require_storable(move.result, "the result")
    if move.error is not None:
        require_storable(move.error, "the error")
    require_storable(move.route_version, "route_version")
    for wait in move.waits:
        for text in (wait.step, wait.branch, wait.key, wait.name):
            require_storable(text, "the wait")
    for request in move.requests:
        for text in (
            request.step,
            request.branch,
            request.gate,
            request.prompt,
            request.context,
            request.digest,
        ):
            require_storable(text, "the approval request")


def _progress(transitions: Sequence[Transition]) -> tuple[list[object], ...]:
    return (
        [each.key for each in transitions],
        [each.token for each in transitions],
        [each.rev for each in transitions],
        [int(each.move) for each in transitions],
        [words.OUTCOME_CODE[each.outcome] for each in transitions],
        [each.step for each in transitions],
        [each.next_step for each in transitions],
        [each.result for each in transitions],
        [each.error for each in transitions],
        [each.delay for each in transitions],
    )


def _moves(transitions: Sequence[Transition], routes: Mapping[int, int]) -> tuple[list[object], ...]:
    *columns, errors, delays = _progress(transitions)
    return (
        *columns,
        errors,
        [None if each.error is None else error_type(each.error) for each in transitions],
        delays,
        [each.wakeups for each in transitions],
        [routes.get(each.key) for each in transitions],
        [_refusal(each) for each in transitions],
    )


def _refusal(move: Transition) -> str | None:
    """What a refused run's event gives as reason."""
    if move.move is not Move.REFUSED or move.error is None:
        return None
    reason = str(json.loads(move.error)["message"])
    require_storable(reason, "the error's message")
    return reason


def error_type(error: str) -> str:
    """What dead letters of this error are grouped by."""
    kind = str(json.loads(error)["type"])[:MAX_ERROR_TYPE]
    require_storable(kind, "the error's type")
    return kind


def _requests(transitions: Sequence[Transition]) -> tuple[list[object], ...]:
    asked = [
        (position, request)
        for position, each in enumerate(transitions, start=1)
        if each.move is Move.PARK
        for request in each.requests
    ]
    return (
        [position for position, _ in asked],
        [request.step for _, request in asked],
        [request.branch for _, request in asked],
        [request.gate for _, request in asked],
        [request.prompt for _, request in asked],
        [request.context for _, request in asked],
        [request.digest for _, request in asked],
        [request.timeout for _, request in asked],
        [encode_policy(request.policy) for _, request in asked],
    )


def _waits(transitions: Sequence[Transition]) -> tuple[list[object], ...]:
    awaited = [
        (position, wait)
        for position, each in enumerate(transitions, start=1)
        if each.move is Move.PARK
        for wait in each.waits
    ]
    return (
        [position for position, _ in awaited],
        [wait.step for _, wait in awaited],
        [wait.branch for _, wait in awaited],
        [wait.key for _, wait in awaited],
        [words.KIND_CODE[wait.kind] for _, wait in awaited],
        [wait.name for _, wait in awaited],
        [wait.delay for _, wait in awaited],
        [wait.until for _, wait in awaited],
    )
