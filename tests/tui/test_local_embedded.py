"""The embedded worker, which a console carries on a thread: started again when it is over, never gone in silence."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from sagewai.models.status import RunStatus, SessionStatus
from tests.tui.drive import driving
from tests.tui.stage import Stage
from tests.tui.test_local_fleet import until
from tests.tui.test_terminal import ROOT, reading, submit
from tui.local.embedded import EmbeddedWorker, WorkerSpec
from tui.text import Scribe


@pytest.fixture
def url(sqlite_path: Path) -> str:
    return f"sqlite:///{sqlite_path}"


@pytest.fixture
def carry(url: str) -> Iterator[Callable[[str], EmbeddedWorker]]:
    """Makes workers for a target."""
    made: list[EmbeddedWorker] = []

    def make(target: str) -> EmbeddedWorker:
        made.append(EmbeddedWorker(WorkerSpec(target), url, Scribe()))
        return made[-1]

    yield make
    for worker in made:
        worker.hurry()
        assert worker.join(10.0)
        worker.close()


def status(url: str, run_id: str) -> RunStatus:
    found: RunStatus = reading(url, lambda store: store.get_run(run_id)).status  # type: ignore[attr-defined]
    return found


def test_it_works_again_after_it_was_stopped_and_hands_back_at_once_when_it_is_hurried(
    url: str, carry: Callable[[str], EmbeddedWorker], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(ROOT)
    worker = carry("tests.tui.flows:workflows")
    worker.start()
    until(lambda: worker.state == "on", "its start")
    worker.stop()
    assert worker.join(10.0)
    assert (worker.state, worker.error) == ("ended", "")
    worker.start()
    submit(url, "slow", "run-1", seconds=0.0)
    until(lambda: status(url, "run-1") is RunStatus.COMPLETED, "its work")

    submit(url, "slow", "run-2", seconds=60.0)
    until(lambda: worker.held == 1, "the run")
    worker.stop()
    assert not worker.join(0.3)
    began = time.monotonic()
    worker.hurry()
    assert worker.join(10.0)
    assert time.monotonic() - began < 8.0
    assert status(url, "run-2") is RunStatus.PENDING
    sessions = reading(url, lambda store: store.list_sessions())
    assert {session.status for session in sessions} == {SessionStatus.STOPPED}  # type: ignore[attr-defined]


async def test_its_death_is_shown_and_plus_or_its_own_line_start_it_again(
    sqlite: Stage,
    carry: Callable[[str], EmbeddedWorker],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.syspath_prepend(tmp_path)
    module = tmp_path / "shopfront.py"
    module.write_text("raise RuntimeError('no till \\x1b[2J here')\n")
    async with driving(sqlite.store, start="workers") as drive:
        worker = drive.app.locals.embedded = carry("shopfront:workflows")
        worker.start()
        await drive.shows("ended: no till ␛[2J here; + on screen 4 starts it again")
        await drive.shows("✖ FAILED")
        await drive.shows("local ✖ no till")
        await drive.press("home")
        await drive.shows("+ starts it again")
        await drive.press("K")
        await drive.shows("has ended already: + starts it again")
        module.write_text("from tests.tui.flows import workflows\n")
        await drive.press("plus")
        await drive.shows("local ● 0 runs")
        await drive.shows(lambda text: f"{worker.name} here" in text and "● live" in text)

        await drive.press("home", "K", "y")
        await drive.shows("– ended")
        await drive.press("N")
        await drive.shows(">  shopfront:workflows")
        await drive.press("enter")
        await drive.shows("starts again")
        await drive.shows(lambda text: f"{worker.name} here" in text and "● live" in text)
        assert drive.app.locals.fleet.workers == ()
        log = drive.app.gateway.verbs.log
        assert [record.what for record in log] == [
            "start one more local",
            f"stop {worker.name}",
            "start local",
        ]
        assert log[0].twin.startswith("sagewai worker --pool=")
        assert log[0].twin.endswith(" -- shopfront:workflows")
