"""The gateway on stores of all kinds: rows, cards and verbs, each pinned to what was shown."""

from __future__ import annotations

import asyncio
import os
import shlex
import subprocess
import sys
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from sagewai.core.stores.base import Store, Ticked
from sagewai.core.stores.memory import InMemoryStore
from sagewai.core.stores.url import open_store
from sagewai.errors import ApprovalAlreadyDecided
from sagewai.models.status import RunStatus
from tests.tui.stage import OPERATOR, Stage
from tui import triage
from tui.filters import parse
from tui.gateway import Door, Gateway, Missing, twins
from tui.gateway.deciding import refusal
from tui.views import Ref


@pytest.fixture(params=["memory", "sqlite", "postgres"])
async def filled(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Stage]:
    store: Store
    if request.param == "memory":
        store = InMemoryStore()
    elif request.param == "sqlite":
        store = open_store(f"sqlite:///{tmp_path}/runs.db")
    else:
        store = open_store(request.getfixturevalue("migrated_url"))
    async with store:
        stage = Stage(store)
        await stage.one_of_each()
        yield stage


@pytest.fixture
def gateway(filled: Stage) -> Gateway:
    return Gateway(Door("memory://", actor=OPERATOR, opener=lambda url: filled.store))


def ref(run_id: str) -> Ref:
    return Ref(run_id, run_id)


async def test_rows_come_newest_first_with_their_cells(gateway: Gateway) -> None:
    rows = (await gateway.runs(parse(""), None, 100)).rows
    assert [row.key.text for row in rows][:2] == ["run-00c0ffee", "run-e4e4e4e4"]
    row = next(row for row in rows if row.key.raw == "run-81b0aa17")
    assert row.cells["state"].text == "● RUN"
    assert (row.cells["step"].text, row.cells["step"].tail) == ("draft", " 2/4")
    assert row.cells["try"].text == "2/4"


async def test_windows_join_by_their_cursors(gateway: Gateway) -> None:
    whole = [row.key.raw for row in (await gateway.runs(parse(""), None, 100)).rows]
    joined: list[str] = []
    cursor = None
    while True:
        window = await gateway.runs(parse(""), cursor, 2)
        joined += [row.key.raw for row in window.rows]
        cursor = window.cursor
        if cursor is None:
            break
    assert joined == whole


async def test_a_pattern_is_sifted_and_says_how_far_it_looked(gateway: Gateway) -> None:
    window = await gateway.runs(parse("wf:inv*"), None, 100)
    assert {row.workflow for row in window.rows} == {"invoice"}
    assert window.looked == 9


async def test_the_totals_name_pools_that_nobody_serves(gateway: Gateway) -> None:
    totals = await gateway.totals()
    assert totals.unserved == ("gpu",)
    assert (totals.approvals, totals.dead_letters, totals.live_workers) == (1, 2, 1)


async def test_the_card_holds_the_whole_content_and_is_decided_once(gateway: Gateway, filled: Stage) -> None:
    [row] = (await gateway.approvals(None, 10)).rows
    card = await gateway.card(row.key)
    assert card.decidable
    assert any("survive crashes." in line.text for line in card.content)
    record = await gateway.verbs.decide("approve", card, "reads well")
    assert record.ok
    assert record.twin == (
        f"sagewai approvals approve run-7f3a91c2 --approval {card.key} --digest {card.digest.raw} "
        "--reason 'reads well'"
    )
    again = await gateway.verbs.decide("reject", card, "no, wait")
    assert not again.ok
    assert again.outcome.endswith("Z, by alice@ops1")
    midnight = datetime(2026, 1, 2, tzinfo=UTC)
    faster = ApprovalAlreadyDecided("", verdict="reject", reviewer="bob", decided_at=midnight)
    assert refusal(faster, card, midnight) == "rejected already at 00:00:00Z, by bob"
    tomorrow = midnight + timedelta(days=1)
    assert refusal(faster, card, tomorrow) == "rejected already at 2026-01-02 00:00:00Z, by bob"
    assert (await filled.store.get_run("run-7f3a91c2")).status is RunStatus.PENDING
    assert not (await gateway.card(row.key)).decidable


async def test_verbs_act_on_their_run_and_say_what_the_store_says(gateway: Gateway, filled: Stage) -> None:
    assert (await gateway.verbs.operate("pause", ref("run-90ce41d7"))).ok
    assert (await filled.store.get_run("run-90ce41d7")).status is RunStatus.PAUSED
    assert (await gateway.verbs.operate("retry", ref("run-d0d0d0d0"), "fixed")).ok
    refused = await gateway.verbs.operate("retry", ref("run-90ce41d7"))
    assert not refused.ok
    assert "it is paused" in refused.outcome
    unknown = await gateway.verbs.operate("cancel", ref("nowhere"))
    assert not unknown.ok
    assert [record.ok for record in gateway.verbs.log] == [True, True, False, False]


async def test_a_run_is_found_by_the_beginning_of_its_id(gateway: Gateway) -> None:
    assert (await gateway.find_run("run-7f")).raw == "run-7f3a91c2"
    with pytest.raises(Missing, match="several"):
        await gateway.find_run("run-")
    with pytest.raises(Missing, match="no run"):
        await gateway.find_run("walk")


async def test_an_id_that_begins_another_is_still_found(gateway: Gateway, filled: Stage) -> None:
    await filled.submit("run-7f")
    assert (await gateway.find_run("run-7f")).raw == "run-7f"


async def test_a_followed_run_reads_only_what_is_new(gateway: Gateway, filled: Stage) -> None:
    before = await gateway.run(ref("run-81b0aa17"))
    await filled.finish_step("run-81b0aa17")
    after = await gateway.run(ref("run-81b0aa17"))
    assert [lane.state for lane in before.history.lanes] != [lane.state for lane in after.history.lanes]
    assert len(after.history.lanes) == 4


async def test_a_run_tells_its_calls_and_what_it_hears(gateway: Gateway, filled: Stage) -> None:
    key = ref("run-81b0aa17")
    await filled.called(key.raw, "Moss.", request="What is old?")
    await filled.says(key.raw, "Moss is")
    views = []
    for _ in range(3):
        await gateway.totals()
        views.append(await gateway.run(key))
    assert {view.cost.text for view in views if view.cost is not None} == {"$0.0031"}
    assert {(view.saying.head, view.saying.text) for view in views if view.saying is not None} == {
        ("writer: ", "Moss is")
    }
    lines = [line.head + line.text for line in await gateway.tab(key, "model calls")]
    assert "     │ What is old?" in lines
    assert "     │ Moss." in lines


async def test_dead_letters_by_error(gateway: Gateway) -> None:
    groups = await gateway.dead_letter_groups()
    assert {group.key.text: group.count for group in groups} == {
        "builtins.ValueError": 1,
        "httpx.ConnectError": 1,
    }
    [letter] = (await gateway.dead_letters(groups[0].key, None, 10)).rows
    assert letter.error[0].text == groups[0].key.text


async def test_a_reader_migrates_nothing_and_refuses_every_verb(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/runs.db"
    async with open_store(url) as store:
        await Stage(store).submit("run-1")
    reader = Gateway(Door(url, actor=OPERATOR, read_only=True))
    assert [row.key.raw for row in (await reader.runs(parse(""), None, 10)).rows] == ["run-1"]
    record = await reader.verbs.operate("cancel", ref("run-1"))
    assert not record.ok
    await reader.door.sweep()
    await reader.door.close()


@pytest.mark.parametrize(
    ("twin", "line"),
    [
        (
            twins.operate("cancel", "run 1;rm -rf", "it's off"),
            "sagewai runs cancel 'run 1;rm -rf' --reason 'it'\"'\"'s off'",
        ),
        (twins.operate("retry", "run-1"), "sagewai dlq retry run-1"),
        (twins.operate("discard", "run-1"), "sagewai dlq discard run-1"),
        (twins.worker("drain", "ops1-42"), "sagewai workers drain ops1-42"),
        (
            twins.decide("reject", "run-1", 7, "abc", "no"),
            "sagewai approvals reject run-1 --approval 7 --digest abc --reason no",
        ),
        (twins.operate("cancel", "-rf", "--all"), "sagewai runs cancel --reason=--all -- -rf"),
        (twins.export(["-rf", "b c"], "/a b"), "sagewai runs export -- -rf 'b c' > '/a b'"),
        (
            twins.export([str(n) for n in range(14)], "f"),
            "sagewai runs export 0 1 2 3 4 5 6 7 8 9 10 11 > f  # and 2 runs more",
        ),
        (twins.export_errors("a.B", "f"), "sagewai runs export --error=a.B > f"),
    ],
)
def test_every_action_has_a_twin_that_a_shell_takes(twin: str, line: str) -> None:
    assert twin == line


async def test_the_command_line_takes_every_twin(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/runs.db"
    async with open_store(url) as store:
        stage = Stage(store)
        await stage.one_of_each()
        await stage.submit("-rf", "invoice")
        approval = (await store.approvals_of("run-7f3a91c2"))[0]
    lines = [
        twins.bulk("pause", ("-rf", "run-0gpu0gpu"), None),
        twins.operate("pause", "run-90ce41d7", "a 'quoted' reason"),
        twins.operate("resume", "run-90ce41d7"),
        twins.operate("cancel", "-rf", "--all of it"),
        twins.operate("retry", "run-d0d0d0d0"),
        twins.operate("discard", "run-e4e4e4e4", "hopeless"),
        twins.decide("approve", "run-7f3a91c2", approval.id, approval.digest, "reads well"),
        twins.worker("pause", "worker-1"),
        twins.worker("resume", "worker-1"),
        twins.worker("drain", "worker-1", "deploy"),
        twins.stop_bulk(1),
    ]
    for line in lines:
        words = [sys.executable, "-m", "sagewai.cli", *shlex.split(line)[1:]]
        environ = {**os.environ, "SAGEWAI_STORE": url}
        done = await asyncio.to_thread(subprocess.run, words, env=environ, capture_output=True, text=True)
        assert done.returncode == 0, f"{line}: {done.stderr}"
    async with open_store(url) as store:
        assert (await store.get_run("-rf")).status is RunStatus.CANCELLED
        assert (await store.get_run("run-7f3a91c2")).status is RunStatus.PENDING
        assert (await store.get_events("-rf"))[-1].reason == "--all of it"


async def test_what_reviewers_do_beforehand_is_on_the_card_and_in_the_inbox(
    filled: Stage, gateway: Gateway
) -> None:
    [row] = (await gateway.approvals(None, 10)).rows
    card = await gateway.card(row.key)
    assert (await gateway.verbs.claim(card)).ok
    assert (await gateway.verbs.comment(card, "twice already")).ok
    facts = {fact.name: fact.value.text for fact in (await gateway.card_again()).facts}
    assert facts["claimed"].startswith("by you, until ")
    assert facts["comment"].endswith("ago: twice already")
    assert (await gateway.approvals(None, 10)).rows[0].cells["who"].text == "you"
    assert (await gateway.verbs.snooze(card, 3_600.0)).ok
    assert (await gateway.card_again()).is_snoozed
    assert (await gateway.approvals(None, 10)).rows == ()
    assert len((await gateway.approvals(None, 10, triage.parse("snoozed mine"))).rows) == 1
    assert (await gateway.verbs.unclaim(card)).ok
    assert (await gateway.approvals(None, 10, triage.parse("snoozed mine"))).rows == ()
    assert [record.twin for record in gateway.verbs.log] == [
        f"sagewai approvals claim {row.run} --approval {row.key} --for 10m",
        f"sagewai approvals comment {row.run} 'twice already' --approval {row.key}",
        f"sagewai approvals snooze {row.run} --approval {row.key} --for 1h",
        f"sagewai approvals release {row.run} --approval {row.key}",
    ]


async def test_a_console_sweeps_seldom_where_a_worker_does_so_anyway() -> None:
    swept: list[str] = []

    class Counting(InMemoryStore):
        async def tick(self, limit: int = 500) -> Ticked:
            swept.append("tick")
            return await super().tick(limit)

    stage = Stage(Counting())
    gateway = Gateway(Door("memory://", actor=OPERATOR, opener=lambda url: stage.store))
    await gateway.totals()
    await gateway.door.sweep()
    await gateway.door.sweep()
    assert len(swept) == 2
    await stage.worker("invoice")
    await gateway.totals()
    await gateway.door.sweep()
    await gateway.door.sweep()
    assert len(swept) == 2
    await stage.store.lapse_sessions([stage.session])
    await gateway.totals()
    await gateway.door.sweep()
    assert len(swept) == 3


async def test_a_sifted_inbox_says_how_far_it_looked_and_goes_on_when_asked() -> None:
    stage = Stage(InMemoryStore())
    await stage.worker("content-pipeline")
    await stage.running("run-1", done=2)
    await stage.ask_many("run-1", *(f"Publish {number}?" for number in range(1_100)))
    gateway = Gateway(Door("memory://", actor=OPERATOR, opener=lambda url: stage.store))
    first = await gateway.approvals(None, 100, triage.parse("wf:invoice"))
    assert (first.rows, first.looked, first.stopped) == ((), 1_000, True)
    rest = await gateway.approvals(first.cursor, 100, triage.parse("wf:invoice"))
    assert (rest.rows, rest.looked, rest.stopped) == ((), 100, False)
    assert not (await gateway.approvals(None, 100, triage.parse("wf:content-pipeline"))).stopped


async def test_looks_that_never_catch_up_follow_each_other_at_once_only_so_often() -> None:
    door = Door("memory://", actor=OPERATOR, opener=lambda url: InMemoryStore())
    at_once = 0
    while True:
        await door.glance()
        door.affords(99)
        if not door.is_behind:
            break
        at_once += 1
    assert at_once == 10
    await door.glance()
    assert not door.affords(99)
    assert door.is_behind
