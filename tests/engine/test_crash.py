"""A worker process killed with -9 in every step of a run: nothing recorded runs again, and the run completes."""

from __future__ import annotations

import asyncio
import os
import random
import signal
import subprocess
import sys
from collections import defaultdict
from pathlib import Path

import pytest

from sagewai import RunHandle, WorkflowMonitor
from sagewai.core.stores.base import POISON_LIMIT, Store
from sagewai.models.status import Outcome, RunStatus
from tests.engine import ledger, sleeper
from tests.engine.helpers import until, until_status

ROOT = Path(__file__).parents[2]


class Workers:
    """One worker process at a time, and the ledger its bodies write."""

    def __init__(self, url: str, path: Path, *, module: str = "tests.engine.ledger") -> None:
        self._url = url
        self._path = path
        self._module = module
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> int:
        self._process = subprocess.Popen(
            [sys.executable, "-m", self._module, self._url],
            cwd=ROOT,
            env={**os.environ, ledger.LEDGER: str(self._path), "PYTHONPATH": str(ROOT)},
        )
        return self._process.pid

    def end(self, number: signal.Signals) -> int:
        assert self._process is not None
        self._process.send_signal(number)
        code = self._process.wait(timeout=20)
        self._process = None
        return code

    def kill(self) -> None:
        """Leave nobody behind."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    def notes(self) -> list[str]:
        """What bodies wrote down in words, without the process that did."""
        if not self._path.exists():
            return []
        return [line.rpartition(" ")[0] for line in self._path.read_text().splitlines()]

    def lines(self) -> list[tuple[str, str, int, int, int]]:
        if not self._path.exists():
            return []
        rows = (line.split() for line in self._path.read_text().splitlines())
        return [(run, step, int(attempt), int(token), int(pid)) for run, step, attempt, token, pid in rows]

    async def wait_for(self, pid: int, step: str | None = None) -> None:
        """Until a body (of that step) ran in that process."""

        async def seen() -> bool:
            return any(line[4] == pid and step in (None, line[1]) for line in self.lines())

        await until(seen, timeout=30)


@pytest.mark.parametrize("store_url", ["sqlite", "postgres"], indirect=True)
async def test_kill_9_in_every_step(store: Store, store_url: str, tmp_path: Path) -> None:
    seed = random.randrange(1_000_000)
    rng = random.Random(seed)
    workers = Workers(store_url, tmp_path / "ledger.txt")
    wf = ledger.workflow
    wf.store = store
    try:
        steady = await wf.submit(previous=0)
        for step in ledger.STEPS:  # in each step once
            pid = workers.start()
            await workers.wait_for(pid, step)
            workers.end(signal.SIGKILL)
        restless = [await wf.submit(previous=0) for _ in range(3)]
        for _ in range(10):  # and wherever chance has it
            pid = workers.start()
            await workers.wait_for(pid)
            await until(lambda: far_from_poison(restless), timeout=30)
            await asyncio.sleep(rng.uniform(0.0, 0.12))
            workers.end(signal.SIGKILL)
            if all([(await handle.status()).status is RunStatus.COMPLETED for handle in restless]):
                restless.append(await wf.submit(previous=0))
        workers.start()
        for handle in [steady, *restless]:
            assert await handle.result(timeout=30) == 10, f"seed {seed}"
        assert workers.end(signal.SIGTERM) == 0
        for handle in [steady, *restless]:
            await check_run(store, workers, handle.run_id, seed)
        timeline = await WorkflowMonitor(store).get_execution_timeline(steady.run_id)
        lost = {entry.step for entry in timeline if entry.outcome == "lost"}
        assert lost == set(ledger.STEPS)
    finally:
        wf.store = None
        workers.kill()


async def far_from_poison(handles: list[RunHandle]) -> bool:
    """Chance may strike a run five times before it records anything: then it is given up, and rightly."""
    return all([(await handle.status()).takeovers < POISON_LIMIT - 2 for handle in handles])


async def check_run(store: Store, workers: Workers, run_id: str, seed: int) -> None:
    """What really ran, against what was recorded."""
    bodies: dict[str, list[int]] = defaultdict(list)
    for run, step, _, token, _ in workers.lines():
        if run == run_id:
            bodies[step].append(token)
    attempts = await store.get_attempts(run_id)
    for step in ledger.STEPS:
        recorded = [item for item in attempts if item.step == step and item.outcome is Outcome.COMPLETED]
        lost = [item for item in attempts if item.step == step and item.outcome is Outcome.LOST]
        assert len(recorded) == 1, f"{step} was recorded {len(recorded)} times (seed {seed})"
        assert max(bodies[step]) == recorded[0].token, f"{step} ran again after it was recorded (seed {seed})"
        assert len(bodies[step]) <= len(lost) + 1, f"{step} ran {bodies[step]} (seed {seed})"
    tokens = [item.token for item in attempts]
    assert tokens == sorted(tokens)


@pytest.mark.parametrize("store_url", ["sqlite", "postgres"], indirect=True)
async def test_sigterm_hands_back_what_it_holds(store: Store, store_url: str, tmp_path: Path) -> None:
    workers = Workers(store_url, tmp_path / "ledger.txt")
    wf = ledger.workflow
    wf.store = store
    try:
        handle = await wf.submit(previous=0)
        pid = workers.start()
        await workers.wait_for(pid)
        assert workers.end(signal.SIGTERM) == 0
        run = await until_status(store, handle.run_id, RunStatus.PENDING, RunStatus.COMPLETED)
        assert run.takeovers == 0
        assert not await store.list_sessions(live_only=True)
    finally:
        wf.store = None
        workers.kill()


@pytest.mark.parametrize("store_url", ["sqlite", "postgres"], indirect=True)
async def test_kill_9_loses_no_timer_and_no_signal_sent_while_nobody_runs(
    store: Store, store_url: str, tmp_path: Path
) -> None:
    """Whoever starts next goes on: with the time that has passed meanwhile, and with what was sent meanwhile."""
    workers = Workers(store_url, tmp_path / "ledger.txt", module="tests.engine.sleeper")
    wf = sleeper.workflow
    wf.store = store
    try:
        handle = await wf.submit(run_id="r")
        workers.start()
        asleep = await until_status(store, "r", RunStatus.WAITING, timeout=30)
        due_at = asleep.due_at
        assert due_at is not None
        workers.end(signal.SIGKILL)
        await handle.signal("word", 1)  # the step that waits for it hasn't begun

        async def due() -> bool:
            return await store.now() > due_at

        await until(due)
        assert (
            await handle.status()
        ).status is RunStatus.WAITING  # time alone moves nothing while nobody sweeps
        workers.start()

        async def hears() -> bool:
            run = await handle.status()
            return run.step == "hear" and run.status is RunStatus.WAITING

        await until(hears, timeout=30)
        workers.end(signal.SIGKILL)
        await handle.signal("word", {"n": 2})
        assert (await handle.status()).status is RunStatus.PENDING  # woken, though nobody is there
        workers.start()
        assert await handle.result(timeout=30) == ["rested", 1, {"n": 2}]
        assert workers.end(signal.SIGTERM) == 0
    finally:
        wf.store = None
        workers.kill()
    bodies = workers.notes()
    assert bodies.count("nap ends") == bodies.count("hear ends") == 1
    assert bodies[:3] == ["nap begins", "nap begins", "nap ends"]
    assert (await store.get_run("r")).takeovers == 0  # a run that waits belongs to no process
    assert [wait.key for wait in await store.waits_of("r")] == [
        "timer #1",
        "signal word #1",
        "signal word #2",
    ]
