"""A shift on call at 80×24: everything that can go wrong at night, put right by keys alone and by nothing else."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

from sagewai.core import audit
from sagewai.core.audit import Verified
from sagewai.core.stores.base import Store
from sagewai.models.approval import Approval
from sagewai.models.history import AuditEntry
from sagewai.models.page import RunQuery
from sagewai.models.run import Run
from sagewai.models.status import ApprovalStatus, RunStatus, Verdict
from tests.shift import flows
from tests.shift.desk import Desk, sit_down
from tests.shift.night import BROKEN_LINES, EMPTY_MONTHS, REFUNDS, Night, night
from tests.shift.recording import Recording


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Night]:
    with night(tmp_path) as made:
        yield made


def console(shop: Night, *arguments: str) -> Desk:
    """As `ada`, on a machine without an editor; her local workers have rights of their own."""
    argv = [sys.executable, "-m", "tui", "--worker-store", shop.url("crew"), *arguments]
    return sit_down(
        argv,
        {"PATH": str(shop.folder), "SAGEWAI_STORE": shop.url("ada"), flows.FOLDER: str(shop.folder)},
        shop.folder,
    )


def test_a_shift_is_completed_by_keys_alone(shop: Night) -> None:
    desk = console(shop)
    try:
        on = Recording(desk)
        on.shows("DLQ 30")
        on.frame("what-the-night-brought")
        serve(on, shop)
        decide(on, shop)
        lose_the_database(on, shop)
        bury(on, shop)
        on.desk = desk = drop_the_line(on, shop)
        look_back(on)
    finally:
        desk.close()
    on.check()
    assert_all_is_told(shop)


def serve(on: Recording, shop: Night) -> None:
    """A worker is lost with what it held; a pool has nobody until the operator starts a worker of their own."""
    on.press("4")
    on.shows("paper-1")
    shop.lose("paper-1")
    on.frame("a-worker-is-lost-and-a-pool-has-none")
    on.press("N")
    on.shows("start local workers")
    on.type("tests.shift.flows:trains pool=gpu")
    on.press("enter")
    on.frame("a-worker-of-ones-own")


def decide(on: Recording, shop: Night) -> None:
    """Twenty approvals: a colleague was faster with one, another's content changes before enter is pressed."""
    on.press("3")
    on.frame("the-inbox")
    on.press("a")
    on.shows("approve refund-a01")
    shop.reject("refund-a01", "the parcel came back")
    on.press("enter")
    on.frame("a-colleague-was-faster")
    on.press("n")
    on.shows("order A-2?")
    on.press("a")
    on.shows("approve refund-a02")
    shop.ask_anew("refund-a02", "A-2", 777)
    on.press("enter")
    on.frame("the-content-has-changed")
    on.press("n")
    on.shows("Refund 777 cents")
    on.press("a", "enter")
    on.shows("✔ approve refund-a02: done")
    on.shows("order A-3?")
    on.press("x")
    on.shows("reject refund-a03")
    on.type("paid back in May")
    on.press("enter")
    on.frame("rejected-with-a-reason")
    for number in range(4, 21):
        on.shows(f"order A-{number}?")
        on.press("a", "enter")
        on.shows(f"✔ approve refund-a{number:02}: done")
    on.frame("an-empty-inbox")


def lose_the_database(on: Recording, shop: Night) -> None:
    """The last picture stays, and says how old it is; when the database is back the console is, too."""
    on.press("1")
    on.shows("✔ DONE   train-2")
    shop.happens("paper")
    on.desk.shows(lambda text: "RUN 1" not in text)
    shop.server.stop()
    on.frame("the-database-is-gone")
    shop.server.start()
    on.shows("live 2s")
    on.frame("the-database-is-back")


def bury(on: Recording, shop: Night) -> None:
    """Dead letters: one group is retried, one run forked with what should have been its input."""
    on.press("5", "e")
    on.frame("dead-letters-by-error")
    on.press("down", "r")
    on.shows("all 14 can be retried")
    shop.happens("bank-answers")
    on.press("y")
    on.frame("a-group-is-retried")
    on.press("enter")
    on.shows("a month has no -70 rows")
    on.press("f")
    on.shows("fork export-typo")
    on.press("e")
    on.shows("f2 takes it")
    on.press("down", "down", "end", "left", "left", "backspace", "f2")
    on.frame("a-fork-with-another-input")
    on.press("f")
    on.shows("why?")
    on.type("70, not -70")
    on.press("enter")
    on.shows("70 rows sent")
    on.press("5")
    on.shows("export-typo")
    on.press("D")
    on.shows("discard")
    on.press("y")
    on.frame("nothing-is-left-of-these")
    on.press("esc")
    on.shows("newest first  1-9")
    on.press("e")
    on.frame("one-group-is-left")


def drop_the_line(on: Recording, shop: Night) -> Desk:
    """In the middle of a bulk job. It is the database's, so it is done; the next console shows how things stand."""
    with shop.somebody_holds("export-m07"):
        on.press("D")
        on.shows("all 15 can be discarded")
        on.press("y")
        on.frame("a-bulk-job-that-waits")
        on.desk.drop()
        on.desk.ended()
        assert shop.letters() == EMPTY_MONTHS
    return console(shop, "dlq")


def look_back(on: Recording) -> None:
    on.shows("0 dead letters")
    on.frame("nothing-is-left-to-do")
    on.press("b")
    on.frame("what-became-of-the-jobs")
    on.press("esc")
    on.shows("newest first  0-0")
    on.press("6")
    on.frame("the-night-at-a-glance")
    on.press("q")
    on.desk.ended()


def assert_all_is_told(shop: Night) -> None:
    """What the database has kept: each decision once and by whom, nothing paid twice, the audit whole."""
    told = shop.do(told_by)
    refused = {"refund-a01", "refund-a03"}
    assert [each.status for each in told.approvals].count(ApprovalStatus.SUPERSEDED) == 1
    decided = {each.run_id: each.decisions for each in told.approvals if each.decisions}
    assert len(decided) == REFUNDS
    for run_id, decisions in decided.items():
        [decision] = decisions
        assert decision.verdict is (Verdict.REJECT if run_id in refused else Verdict.APPROVE)
        assert decision.reviewer.name == ("bob" if run_id == "refund-a01" else "ada")
        if run_id != "refund-a01":
            assert decision.reviewer.assurance == "db"
            assert decision.digest_seen
    paid = (shop.folder / "paid").read_text().splitlines()
    agreed = [f"A-{n} {777 if n == 2 else 1000 + n}" for n in range(1, REFUNDS + 1) if n not in (1, 3)]
    assert sorted(paid) == sorted(agreed)

    by_status = Counter(run.status for run in told.runs.values())
    assert by_status == {
        RunStatus.COMPLETED: len(agreed)
        + BROKEN_LINES
        + 1
        + 1
        + 2,  # exports, the fork, the report, what trained
        RunStatus.REJECTED: len(refused),
        RunStatus.FAILED: EMPTY_MONTHS + 1,
    }
    assert told.jobs == {"retry": (BROKEN_LINES, 0), "discard": (EMPTY_MONTHS, 0)}
    done = Counter((entry.kind, entry.actor) for entry in told.audit)
    assert done["approved", "ada"] == len(agreed)
    assert done["rejected", "ada"] == done["rejected", "bob"] == 1
    assert done["retried", "ada"] == BROKEN_LINES
    assert done["discarded", "ada"] == EMPTY_MONTHS + 1
    assert told.verified.broken is None


@dataclass(frozen=True, slots=True)
class Told:
    """What is left of the night."""

    runs: Mapping[str, Run]
    approvals: Sequence[Approval]
    jobs: Mapping[str, tuple[int, int]]
    audit: Sequence[AuditEntry]
    verified: Verified


async def told_by(store: Store) -> Told:
    runs = {run.run_id: run for run in (await store.list_runs(RunQuery(limit=200))).items}
    approvals = [each for run_id in runs for each in await store.approvals_of(run_id)]
    jobs = {str(job.verb): (job.done, job.refused) for job in await store.list_bulks()}
    return Told(runs, approvals, jobs, await store.list_audit(after=0, limit=500), await audit.verify(store))
