"""A run's attempts and events become lanes that tell what happened, on a real store."""

from __future__ import annotations

import pytest

from sagewai.core import commands
from sagewai.core.stores.memory import InMemoryStore
from tests.tui.stage import OPERATOR, Stage
from tui.lanes import History, LaneState, SpanKind, history

K = SpanKind


@pytest.fixture
async def stage() -> Stage:
    stage = Stage(InMemoryStore())
    await stage.worker("content-pipeline")
    return stage


async def lanes_of(stage: Stage, run_id: str) -> History:
    store = stage.store
    return history(
        await store.get_run(run_id),
        await store.get_steps(run_id),
        await store.get_attempts(run_id),
        await store.get_events(run_id),
        await store.now(),
    )


def kinds(found: History, step: str) -> list[SpanKind]:
    return [span.kind for lane in found.lanes if lane.step == step for span in lane.spans]


def states(found: History) -> list[LaneState]:
    return [lane.state for lane in found.lanes]


async def test_a_pending_run_waits_for_its_first_step(stage: Stage) -> None:
    await stage.submit("run-1")
    found = await lanes_of(stage, "run-1")
    assert states(found) == [LaneState.NEXT, LaneState.AHEAD, LaneState.AHEAD, LaneState.AHEAD]
    assert kinds(found, "research") == [K.QUEUED]
    assert found.live


async def test_a_failed_attempt_is_followed_by_its_back_off_and_the_next_try(stage: Stage) -> None:
    await stage.running("run-1", done=1)
    await stage.fail_attempt("run-1", delay=60.0)
    found = await lanes_of(stage, "run-1")
    assert kinds(found, "draft")[:2] == [K.FAILED, K.BACKOFF]
    assert states(found)[:2] == [LaneState.DONE, LaneState.RUNNING]
    draft = found.lanes[1]
    assert (draft.attempts, draft.max_attempts) == (2, 4)


async def test_a_step_that_sleeps_waits_and_backs_off_from_nothing(stage: Stage) -> None:
    await stage.running("run-1", done=1)
    await stage.sleep("run-1", 60.0)
    found = await lanes_of(stage, "run-1")
    assert kinds(found, "draft")[-1] is K.WAITING
    assert states(found)[1] is LaneState.TIMER


async def test_a_run_that_waits_for_a_person_shows_it_in_the_lane_of_the_asking_step(stage: Stage) -> None:
    await stage.running("run-1", done=2)
    approval = await stage.ask("run-1")
    found = await lanes_of(stage, "run-1")
    assert kinds(found, "review") == [K.RAN, K.WAITING]
    assert states(found)[2] is LaneState.WAITING
    await commands.approve(stage.store, "run-1", actor=OPERATOR, approval_id=approval)
    await stage.hold("run-1")
    await stage.finish_step("run-1")
    found = await lanes_of(stage, "run-1")
    assert kinds(found, "review") == [K.RAN, K.WAITING, K.QUEUED, K.RAN]
    assert states(found)[2] is LaneState.DONE


async def test_a_lost_lease_shows_with_the_change_of_token(stage: Stage) -> None:
    await stage.running("run-1")
    await stage.store.lapse_sessions([stage.session])
    await stage.store.tick()
    await stage.worker("content-pipeline", name="worker-2")
    await stage.hold("run-1")
    found = await lanes_of(stage, "run-1")
    research = found.lanes[0]
    assert [kind for kind in kinds(found, "research") if kind.is_work] == [K.LOST, K.LIVE]
    assert research.lost == 1
    assert research.tokens == tuple(sorted(research.tokens))
    assert len(research.tokens) == 2


async def test_a_paused_run_shows_how_long_it_was_held(stage: Stage) -> None:
    await stage.submit("run-1")
    await commands.pause(stage.store, "run-1", actor=OPERATOR)
    assert K.PAUSED in kinds(await lanes_of(stage, "run-1"), "research")
    await commands.resume(stage.store, "run-1", actor=OPERATOR)
    assert kinds(await lanes_of(stage, "run-1"), "research")[-1] is K.QUEUED


async def test_a_run_that_is_over_stands_still(stage: Stage) -> None:
    await stage.running("run-1", done=4)
    before = await lanes_of(stage, "run-1")
    assert not before.live
    assert states(before) == [LaneState.DONE] * 4
    assert await lanes_of(stage, "run-1") == before


async def test_a_dead_letter_names_the_step_that_failed(stage: Stage) -> None:
    await stage.running("run-1", done=1)
    await stage.die("run-1")
    found = await lanes_of(stage, "run-1")
    assert states(found) == [LaneState.DONE, LaneState.FAILED, LaneState.AHEAD, LaneState.AHEAD]
    assert kinds(found, "draft") == [K.FAILED]
