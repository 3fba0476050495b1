"""The demo's workflows do real work on real files, fail for real reasons, and go on from where they were."""

from __future__ import annotations

from pathlib import Path

import pytest

from sagewai import Actor, DeadLetterQueue, RunFailed, WorkflowMonitor
from sagewai.core.stores.base import Store
from sagewai.models.approval import Approval
from tests.engine.helpers import until
from tui.demo import imports, supplier
from tui.demo.desk import Desk
from tui.demo.scratch import Scratch
from tui.demo.survey import survey

REVIEWER = Actor("reviewer")


async def asked(store: Store, run_id: str) -> Approval:
    found: list[Approval] = await until(lambda: store.approvals_of(run_id))
    return found[0]


async def test_a_survey_counts_hashes_and_finds_the_dangling_link(
    desk: Desk, scratch: Scratch, store: Store
) -> None:
    handle = await survey.submit(folder=str(scratch.texts), pause=0)
    report = await handle.result(timeout=10)
    assert report["files"] == 5
    assert report["words"] > 500
    assert report["dangling_links"] == ["fog.md: weather.md"]


async def test_an_import_tries_again_while_its_list_is_locked(
    desk: Desk, scratch: Scratch, store: Store
) -> None:
    target = desk.next_list("quarter-1")
    desk.announce(target)
    handle = await desk.order_list(target)
    monitor = WorkflowMonitor(store=store)
    await until(lambda: store.get_attempts(handle.run_id))
    desk.deliver(target)
    target.with_name(target.name + imports.LOCK).unlink()
    assert await handle.result(timeout=10) == "5 items, 1349.67 in all, filed as orders-01.totals.txt"
    timeline = await monitor.get_execution_timeline(handle.run_id)
    tries = [entry for entry in timeline if entry.step == "arrive" and entry.outcome]
    assert [entry.outcome for entry in tries] == ["failed", "completed"]
    assert tries[0].error is not None
    assert tries[0].error.code == "StillBeingWritten"


async def test_a_broken_list_is_a_dead_letter_until_its_correction_was_approved(
    desk: Desk, scratch: Scratch, store: Store
) -> None:
    letters = DeadLetterQueue(store=store)
    target = desk.next_list("quarter-3")
    desk.deliver(target)
    handle = await desk.order_list(target)
    with pytest.raises(RunFailed, match=r"line 3 of .*: 5 fields"):
        await handle.result(timeout=10)
    assert (await letters.get_entry(handle.run_id)).error.code == "MalformedOrders"

    correction = await desk.correct(handle.run_id)
    again = await desk.correct(handle.run_id)
    assert correction is not None
    assert again is not None
    assert correction.run_id == again.run_id
    approval = await asked(store, correction.run_id)
    assert "- 2024-07-02,wicks,186,0,22" in (approval.context or "")
    assert target.read_text(encoding="utf-8").count("0,22") == 1, "nothing is replaced before it was approved"
    await imports.gate.approve(correction.run_id, REVIEWER, digest=approval.digest)
    await correction.result(timeout=10)

    await letters.retry_entry(handle.run_id, actor=REVIEWER)
    assert await handle.result(timeout=10) == "4 items, 1053.82 in all, filed as orders-01.totals.txt"


async def test_a_correction_refuses_a_list_that_changed_after_it_was_shown(
    desk: Desk, scratch: Scratch, store: Store
) -> None:
    target = desk.next_list("quarter-3")
    desk.deliver(target)
    correction = await desk.correct(target.stem)
    assert correction is not None
    await asked(store, correction.run_id)
    target.write_text(target.read_text(encoding="utf-8") + "2024-09-30,soap,3,0.80\n", encoding="utf-8")
    await imports.gate.approve(correction.run_id, REVIEWER)
    with pytest.raises(RunFailed, match="changed since its correction was approved"):
        await correction.result(timeout=10)
    assert "soap" in target.read_text(encoding="utf-8")


def test_a_list_arrives_once_it_is_there_and_nobody_writes_it(tmp_path: Path) -> None:
    target = tmp_path / "list.csv"
    with pytest.raises(imports.NotDelivered, match="hasn't been delivered"):
        imports.arrive(str(target))
    supplier.announce(target)
    target.touch()
    with pytest.raises(imports.StillBeingWritten, match="lock is there"):
        imports.arrive(str(target))
    target.with_name(target.name + imports.LOCK).unlink()
    assert imports.arrive(str(target)) == str(target)
