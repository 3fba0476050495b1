"""Steps that ended well, as nearly all that is recorded: written by one statement that looks at nothing first.

It fills a view, and the view's triggers hold the fence; what they refuse is looked at and written run by run instead.
By itself it is a whole transaction: between two statements a thread waits for the interpreter, which beside a busy
event loop takes milliseconds each time.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

from sagewai.core.stores import words
from sagewai.core.stores.sqlite.transaction import LONGEST, Transaction, Value
from sagewai.models.actor import SYSTEM
from sagewai.models.history import EventKind
from sagewai.models.status import Outcome, RunStatus
from sagewai.models.transition import Move, Transition

_ROW = "(?,?,?,?,?,?)"
MAX_ROWS = 1 << ((LONGEST // (len(_ROW) + 1)).bit_length() - 1)
"""Of one statement that the driver keeps prepared; a power of two, as the sizes of all are."""

_STEP_DONE, _COMPLETED, _WELL = Move.STEP_DONE, Move.COMPLETED, Outcome.COMPLETED


def prepare(tx: Transaction) -> None:
    """For this connection alone, and for as long as it is open."""
    tx.script(_VIEW)


def takes(move: Transition) -> bool:
    """Whether it is one of those that the statement can write."""
    following = move.next_step or ""
    return (
        (bool(following) if move.move is _STEP_DONE else move.move is _COMPLETED)
        and move.outcome is _WELL
        and move.error is None
        and move.result is not None
        and "\0" not in move.result
        and "\0" not in move.step
        and "\0" not in following
    )


def verdict(move: Transition) -> RunStatus:
    """What became of a move that the statement wrote."""
    return RunStatus.RUNNING if move.move is _STEP_DONE else RunStatus.COMPLETED


def statement(moves: Sequence[Transition], now: int) -> tuple[str, list[Value]]:
    """For at least one move that it takes, with its values. Where a constraint refuses it, it writes none of them."""
    values: list[Value] = [now]
    for key, token, rev, move, _, _, step, _, result, _, following, *_ in moves:
        values += (key, token, rev, step, result, following if move is _STEP_DONE else None)
    size = 1 << (len(moves) - 1).bit_length()  # there are few sizes, so that each stays prepared
    return _insert(size), values + [None] * (6 * (size - len(moves)))


@lru_cache(maxsize=32)
def _insert(rows: int) -> str:
    return "insert into progress select ?,* from (values " + ",".join([_ROW] * rows) + ")"


_FENCE = "r.id = new.run and r.token = new.token and r.rev = new.rev and r.status = 2 and r.asked is null"

_ATTEMPT = f"""
  insert into attempts (run, seq, attempt, token, outcome, session, started_at, finished_at, step, result)
    select r.id, r.seq, r.attempt, r.token, {words.OUTCOME_CODE[Outcome.COMPLETED]}, r.session,
           min(ifnull(r.step_started, new.now), new.now), new.now, new.step, new.result
    from runs r
    where {_FENCE}"""

_VIEW = f"""
create temp view progress as
  select 0 as now, 0 as run, 0 as token, 0 as rev, '' as step, '' as result, '' as following;

create temp trigger progress_step instead of insert on progress when new.following is not null begin
  {_ATTEMPT} and r.takeovers = 0;
  select raise(abort, 'to be looked at') where changes() = 0;
  update runs set rev = rev + 1, seq = seq + 1, attempt = 1, step = new.following, step_started = new.now
    where id = new.run;
end;

create temp trigger progress_end instead of insert on progress when new.following is null and new.run is not null begin
  {_ATTEMPT} and not exists (select 1 from approvals where run = new.run and status = 1);
  select raise(abort, 'to be looked at') where changes() = 0;
  update runs set
      status = {words.COMPLETED}, wait = null, due_at = null, changed_at = new.now, rev = rev + 1, seq = seq + 1,
      step = null, takeovers = 0, session = null, assigned = null, assigned_until = null, step_started = null
    where id = new.run;
  insert into events (run, at, kind, actor, source, assurance, reason) values
    (new.run, new.now, '{EventKind.COMPLETED.value}', '{SYSTEM.name}', '{SYSTEM.source}', '{SYSTEM.assurance}', '');
end;
"""
