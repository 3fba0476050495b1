"""Hostile text from every field of the store, on every screen: it is shown, and nothing of it is obeyed."""

from __future__ import annotations

import dataclasses
import itertools
from collections.abc import Iterator, Mapping
from typing import Any, get_args

import pytest
from textual.widgets import TextArea

from sagewai.core import commands
from sagewai.core.codec import encode
from sagewai.core.stores.memory import InMemoryStore
from sagewai.models.actor import Actor
from sagewai.models.approval import ApprovalPolicy
from sagewai.models.status import RunStatus
from tests.tui.corpus import HOSTILE, STORABLE
from tests.tui.drive import NARROW, WIDE, driving
from tests.tui.stage import Stage, conversation
from tests.tui.test_text import assert_harmless
from tui.comparison import laid_out
from tui.filters import Filter
from tui.format import UNICODE
from tui.gateway import Door, Gateway, exports, steering, versus
from tui.gateway.choosing import Chosen
from tui.pager import as_text
from tui.payload import Line
from tui.screens.comparing import CompareSheet
from tui.views import Ref, Tab

WORDS = [text for text in STORABLE if text.strip() and len(text) <= 200]


@pytest.fixture
async def hostile() -> Stage:
    """Every text field that a user, a model or a worker can fill, filled with something hostile."""
    stage = Stage(InMemoryStore())
    word = itertools.cycle(WORDS)
    for number in range(2):
        step, workflow, pool = next(word)[:100], next(word)[:100], next(word)[:100]
        await stage.worker(
            workflow,
            name=next(word),
            pool=pool,
            labels={f"k{number}": next(word)},
            steps=(step, f"{step}2", f"{step}3"),
        )
        options: dict[str, Any] = {
            "workflow": workflow,
            "pool": pool,
            "steps": (step, f"{step}2", f"{step}3"),
            "tags": {f"t{number}": next(word)},
        }
        running = await stage.running(f"{number}{next(word)}", **options, value=list(HOSTILE[:20]))
        await calling(stage, running, next(word)[:100], next(word)[:100], next(word)[:100])
        await stage.fail_attempt(running, next(word))
        done = await stage.running(f"{number}{next(word)}", **options, done=2, value=list(HOSTILE[20:]))
        await stage.finish_step(done, dict.fromkeys(HOSTILE, "\n".join(HOSTILE)))
        dead = await stage.running(f"{number}{next(word)}", **options)
        await stage.die(dead, "\n".join(STORABLE), kind=next(word))
        asking = await stage.running(f"{number}{next(word)}", **options, done=1)
        await asked_twice(stage, asking, word)
        gone = await stage.submit(f"{number}{next(word)}", **options)
        operator = Actor(next(word)[:150])
        await commands.cancel(stage.store, gone, actor=operator, reason=next(word))
        await commands.pause_pool(stage.store, pool, actor=operator)
        await commands.resume_pool(stage.store, pool, actor=operator)
        await commands.drain_worker(stage.store, stage.session, actor=operator)
    return stage


async def asked_twice(stage: Stage, run_id: str, word: Iterator[str]) -> None:
    """An approval that was superseded, and one of the same gate that reviewers wrote much about."""
    gate, names = next(word), (next(word)[:100], next(word)[:100])
    policy = ApprovalPolicy(
        *(2, names, True, "escalate", (next(word)[:100],), "{}"),
    )
    options: dict[str, Any] = {"gate": gate, "policy": policy, "timeout": 3_600.0}
    first = await stage.ask(run_id, "\n".join(STORABLE), {text: text for text in HOSTILE}, **options)
    reviewer = Actor(names[0])
    await commands.comment(stage.store, first, "\n".join(STORABLE)[:4_000], actor=reviewer)
    await commands.pause(stage.store, run_id, actor=reviewer, reason=next(word))
    await commands.resume(stage.store, run_id, actor=reviewer)
    await stage.hold(run_id)
    second = await stage.ask(run_id, "\n".join(STORABLE[1:]), {text: text for text in HOSTILE[1:]}, **options)
    await commands.claim(stage.store, second, actor=reviewer, reason=next(word))
    await commands.comment(stage.store, second, next(word), actor=Actor(names[1]))
    await commands.approve(
        stage.store, run_id, actor=reviewer, reason=next(word), payload=list(HOSTILE), approval_id=second
    )


async def calling(stage: Stage, run_id: str, agent: str, branch: str, model: str) -> None:
    """Calls in which everybody is hostile: who asks, what is asked, who answers and what."""
    odd = {"role": "\n".join(STORABLE), "content": "\n".join(HOSTILE), "name": agent}
    asked = conversation(
        model, odd, {"role": "tool", "content": list(HOSTILE)}, {text: text for text in HOSTILE}
    )
    said = {"text": "\n".join(HOSTILE), "tool_calls": [{text: text} for text in HOSTILE], agent: agent}
    await stage.called(run_id, said, agent, request=asked, branch=branch, model=model)
    await stage.called(run_id, list(HOSTILE), agent, request={text: text for text in HOSTILE}, kind="once")
    await stage.says(run_id, "\n".join(STORABLE), agent)


def assert_screen_is_harmless(text: str) -> None:
    for line in text.split("\n"):
        assert_harmless(line)


@pytest.mark.parametrize("size", [NARROW, WIDE], ids=["80x24", "140x40"])
async def test_no_screen_obeys_or_hides_anything(hostile: Stage, size: tuple[int, int]) -> None:
    async with driving(hostile.store, size=size, has_net=False) as drive:
        for key in "123456":
            await drive.press(key)
            await drive.looked()
            rows = len(getattr(getattr(drive.front, "table", None), "rows", ())) if key in "135" else 1
            for _ in range(min(rows, 10)):
                await drive.looked()
                assert_screen_is_harmless(drive.text)
                await drive.press("down")
        for row in (await drive.app.gateway.runs(Filter(), None, 100)).rows:
            drive.app.open_run(row.key)
            await drive.pilot.pause()
            for _ in range(7):
                await drive.looked()
                assert_screen_is_harmless(drive.text)
                await drive.press("tab", "down")
    assert (await hostile.store.counts()).of(RunStatus.CANCELLED) == 2


async def test_edits_differences_and_remarks_that_are_hostile_are_harmless(hostile: Stage) -> None:
    async with driving(hostile.store, start="approvals", has_net=False) as drive:
        await drive.shows("1/2 approved")
        for keys in (
            ["d"],
            ["d"],
            ["enter"],
            ["end"],
            ["escape"],
            ["c"],
            ["i"],
            [*"ok", "enter"],
            ["z"],
            ["escape"],
        ):
            await drive.press(*keys)
            await drive.looked()
            assert_screen_is_harmless(drive.text)
        await drive.press("enter", "end", "e")
        await drive.shows("takes it")
        assert_screen_is_harmless(drive.text)
        drive.app.screen.query_one(TextArea).text = encode([*HOSTILE, "more"])
        await drive.press("f2")
        await drive.shows("your edit")
        for keys in ([], ["end"], ["a"], ["escape"], ["escape"]):
            await drive.press(*keys)
            await drive.looked()
            assert_screen_is_harmless(drive.text)


async def test_prompts_and_notices_about_hostile_ids_are_harmless(hostile: Stage) -> None:
    async with driving(hostile.store, has_net=False) as drive:
        for keys in (["C"], ["n"], ["P"], ["a"], ["1", "r"], ["D"], ["n"], ["y"]):
            await drive.press(*keys)
            await drive.pilot.pause(0.05)
            assert_screen_is_harmless(drive.text)


async def test_bulk_jobs_and_groups_over_hostile_runs_are_harmless(hostile: Stage) -> None:
    gone = [text[:200] for text in STORABLE if text.strip()]
    await commands.start_bulk(
        hostile.store, "retry", gone, actor=Actor(WORDS[7]), reason="\n".join(STORABLE)[:4_000]
    )
    async with driving(hostile.store, size=WIDE, has_net=False) as drive:
        await drive.shows("bulk job 1: retried 0 of")
        await drive.press(*["space"] * 10)
        for keys in (["C"], ["n"], ["D"], ["y"], ["b"], ["down"], ["enter"], ["tab"]):
            await drive.press(*keys)
            await drive.pilot.pause(0.05)
            assert_screen_is_harmless(drive.text)
        await drive.shows("only refused")
        await drive.press("escape", "escape", "5", "e")
        for keys in (["r"], ["n"], ["D"], ["y"], ["v"], ["escape"], ["enter"], ["slash"], ["tab"], ["enter"]):
            await drive.press(*keys)
            await drive.pilot.pause(0.05)
            assert_screen_is_harmless(drive.text)
        gateway = drive.app.gateway
        plan = await gateway.bulk.plan(
            "cancel", Chosen("run", f" of {gateway.door.shaper.short(WORDS[5])}", filter=Filter())
        )
        views: list[object] = [await gateway.bulk.jobs(), plan.what, list(gateway.verbs.log)]
        views.append(await gateway.bulk.items(1, None, 1_000))
        for text in texts(views):
            assert_harmless(text)


async def test_sheets_over_hostile_runs_are_harmless(hostile: Stage) -> None:
    async with driving(hostile.store, has_net=False) as drive:
        rows = (await drive.app.gateway.runs(Filter(), None, 100)).rows
        step = (await drive.app.gateway.run(rows[-1].key)).steps[-1]
        door = drive.app.gateway.door
        lines: list[Line] = []
        for row in rows[: len(rows) // 2]:  # one of each kind
            plan = await steering.plan_fork(door, row.key, step)
            plan, _ = steering.edit_input(door, plan, '{"a": "\\u001b[2J"}')
            lines += steering.fork_lines(door, plan)
            lines += await exports.told(drive.app.gateway, row.key)
        drawn = {as_text("", [line]).strip("\n") for line in set(lines)}
        for first, second in itertools.pairwise(rows[: len(rows) // 2]):
            compared = await versus.compare(door, first.key, second.key)
            for columns in (80, 140):
                drawn |= {"".join(cell.text for cell in row) for row in laid_out(compared, columns, UNICODE)}
        for text in drawn:
            assert_harmless(text)
        drive.app.push_screen(CompareSheet(await versus.compare(door, rows[0].key, rows[1].key)))
        await drive.pilot.pause()
        assert_screen_is_harmless(drive.text)
        await drive.press("escape")
        drive.app.open_run(rows[0].key)
        for keys in (["f"], ["f"], ["escape", "escape"], ["S"], ["escape", "n"], ["h"]):
            await drive.press(*keys)
            await drive.pilot.pause(0.05)
            assert_screen_is_harmless(drive.text)


async def test_what_is_pasted_into_a_prompt_is_made_visible(stage: Stage) -> None:
    from textual import events

    await stage.running("run-1", done=2)
    await stage.ask("run-1")
    async with driving(stage.store, start="approvals", has_net=False) as drive:
        await drive.shows("survive crashes.")
        await drive.press("a")
        drive.app.post_message(events.Paste("looks\x1b]0;owned\x07 fine\r\nand more"))
        await drive.shows("looks␛]0;owned␇ fine and more")
        await drive.press("enter")
        await drive.shows("✔ approve run-1")
    decision = (await stage.store.approvals_of("run-1"))[0].decision
    assert decision is not None
    assert "\x1b" not in decision.reason


def texts(value: object) -> list[str]:
    """Every text in a view, but for the raw ids that are never drawn."""
    if isinstance(value, str):
        return [value]
    if isinstance(value, Ref):
        assert str(value) == value.text
        assert value.raw not in repr(value) or value.raw == value.text
        return [value.text]
    if isinstance(value, Mapping):
        return [text for pair in value.items() for part in pair for text in texts(part)]
    if isinstance(value, list | tuple | set | frozenset):
        return [text for item in value for text in texts(item)]
    if dataclasses.is_dataclass(value):
        skipped = {"by_pool"} if hasattr(value, "by_pool") else set()
        return [
            text
            for field in dataclasses.fields(value)
            if field.name not in skipped
            for text in texts(getattr(value, field.name))
        ]
    return []


async def test_everything_that_leaves_the_gateway_is_safe(hostile: Stage) -> None:
    gateway = Gateway(Door("memory://", actor=Actor("mallory\x1b[2J"), opener=lambda url: hostile.store))
    views: list[object] = [gateway.door.actor_name, gateway.door.place, await gateway.totals()]
    runs = (await gateway.runs(Filter(), None, 100)).rows
    views += [runs, gateway.pools(), await gateway.workers(), await gateway.dead_letters(None, None, 100)]
    views.append(await gateway.dead_letter_groups())
    mallory, why = Actor(WORDS[9]), "\n".join(STORABLE)[:4_000]
    await commands.start_bulk(
        hostile.store, "retry", [run.key.raw for run in runs], actor=mallory, reason=why
    )
    for _ in range(4):
        await gateway.look_over(await gateway.totals())
    at_a_glance = gateway.overview
    assert at_a_glance.is_whole
    views += [at_a_glance.outline(), at_a_glance.deeds(), at_a_glance.jobs(), at_a_glance.errors()]
    for row in runs:
        views.append(await gateway.run(row.key))
        views += [await gateway.tab(row.key, tab) for tab in get_args(Tab)]
    for approval in (await gateway.approvals(None, 100)).rows:
        card = await gateway.card(approval.key)
        assert card.difference
        views += [
            approval,
            card,
            gateway.editable(card).split("\n"),
            await gateway.draft(card, encode(list(HOSTILE))),
        ]
        views.append(await gateway.verbs.comment(card, "\n".join(HOSTILE)[:200]))
    views.append(await gateway.verbs.operate("retry", runs[0].key, "because\x1b[2J"))
    views.append(await gateway.verbs.operate("retry", Ref("nowhere\x9b2J", "nowhere"), "x"))
    found = texts(views)
    assert len(found) > 300
    for text in found:
        assert_harmless(text, keep="\t")
