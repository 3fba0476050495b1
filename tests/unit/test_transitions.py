"""The table of legal status changes, written out a second time and compared entry by entry."""

from __future__ import annotations

import itertools

import pytest

from sagewai.core.transitions import LEGAL, Operation, after, settle
from sagewai.errors import InvalidTransition
from sagewai.models.status import TERMINAL, Ask, RunStatus
from sagewai.models.transition import Move

# One row per operation; the columns are the statuses. "-" is an error.
TABLE = """
                       pending    running    waiting    paused     completed  failed     rejected   cancelled
claim                  running    -          -          -          -          -          -          -
take over              -          pending    -          -          -          -          -          -
give up as poisoned    -          failed     -          -          -          -          -          -
end at its deadline    failed     failed     failed     failed     -          -          -          -
signal                 pending    running    waiting    paused     -          -          -          -
wake                   -          -          pending    -          -          -          -          -
approve                pending    running    pending    paused     -          -          -          -
reject                 rejected   running    rejected   rejected   -          -          -          -
cancel                 cancelled  running    cancelled  cancelled  -          -          -          -
pause                  paused     running    paused     -          -          -          -          -
resume                 pending    running    -          pending    -          -          -          -
step                   -          -          -          pending    -          -          -          -
retry                  -          -          -          -          -          pending    -          -
discard                -          -          -          -          -          failed     -          -
set the priority of    pending    running    waiting    paused     -          -          -          -
"""


def rows() -> dict[tuple[RunStatus, Operation], RunStatus | None]:
    header, *lines = TABLE.strip("\n").splitlines()
    statuses = [RunStatus(word) for word in header.split()]
    found: dict[tuple[RunStatus, Operation], RunStatus | None] = {}
    for line in lines:
        operation, cells = Operation(line[:23].strip()), line[23:].split()
        for status, cell in zip(statuses, cells, strict=True):
            found[status, operation] = None if cell == "-" else RunStatus(cell)
    return found


EXPECTED = rows()


def test_the_table_here_covers_every_pair() -> None:
    assert set(EXPECTED) == set(itertools.product(RunStatus, Operation))


@pytest.mark.parametrize(("status", "operation"), EXPECTED, ids=lambda word: str(word).replace(" ", "_"))
def test_each_operation_in_each_status_gives_what_the_table_says(
    status: RunStatus, operation: Operation
) -> None:
    expected = EXPECTED[status, operation]
    assert LEGAL.get((status, operation)) is expected
    if expected is not None:
        assert after(status, operation) is expected
        return
    with pytest.raises(InvalidTransition) as caught:
        after(status, operation, run_id="r1")
    assert caught.value.run_id == "r1"
    for word in ("r1", status.value, operation.value):
        assert word in str(caught.value)


def test_only_a_retry_leaves_a_terminal_status() -> None:
    leaving = {
        (status, operation)
        for (status, operation), then in LEGAL.items()
        if status in TERMINAL and then != status
    }
    assert leaving == {(RunStatus.FAILED, Operation.RETRY)}


# One row per move: what follows when nothing, a pause or a cancel is asked; only a woken PARK differs from an unwoken.
MOVES = """
               nothing    pause      cancel
STEP_DONE      running    paused     cancelled
COMPLETED      completed  completed  completed
RETRY          running    paused     cancelled
RETRY_LATER    waiting    paused     cancelled
PARK           waiting    paused     cancelled
FAILED         failed     failed     failed
REJECTED       rejected   rejected   rejected
CANCELLED      cancelled  cancelled  cancelled
RELEASED       pending    paused     cancelled
REFUSED        pending    paused     cancelled
"""
COLUMN = {None: 0, Ask.RESUME: 0, Ask.DRAIN: 0, Ask.PAUSE: 1, Ask.CANCEL: 2}
SETTLED = {Move[name]: cells for name, *cells in map(str.split, MOVES.strip("\n").splitlines()[1:])}


def test_the_moves_here_are_all_moves() -> None:
    assert set(SETTLED) == set(Move)
    assert set(COLUMN) == {None, *Ask}


@pytest.mark.parametrize("woken", [False, True], ids=["", "woken"])
@pytest.mark.parametrize("asked", COLUMN, ids=lambda asked: f"asked_{asked}")
@pytest.mark.parametrize("move", Move, ids=lambda move: move.name)
def test_each_move_settles_as_the_table_says(move: Move, asked: Ask | None, woken: bool) -> None:
    expected = SETTLED[move][COLUMN[asked]]
    if move is Move.PARK and woken and COLUMN[asked] == 0:
        expected = "pending"
    assert settle(move, asked=asked, woken=woken) == expected
