"""Supervised workers as real processes: replaced when they crash, given up in a crash loop, gone with their console."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from sagewai.core.retry import RetryPolicy
from sagewai.models.status import RunStatus, SessionStatus
from tests.tui.test_terminal import ROOT, reading, submit
from tui.local import leaving
from tui.local.files import FileTail
from tui.local.fleet import Fleet
from tui.local.locals import Locals
from tui.local.order import Order, parse
from tui.local.pace import Pace
from tui.local.supervised import Supervised
from tui.local.ward import LIMIT
from tui.text import Scribe

AT_ONCE = Pace(crashes=3, back_off=RetryPolicy(delay=0.02, factor=2, max_delay=0.1, jitter=0.5))
PATIENCE = 30.0


def until(condition: Callable[[], object], what: str) -> None:
    end = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < end, f"waited for {what}"
        time.sleep(0.02)


def is_alive(pid: int) -> bool:
    """Whether that process runs; one that nobody has waited for yet does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in "ZX"
    except OSError:
        return False


def asked(fleet: Fleet) -> str | None:
    """What a console with these workers asks when it is to be left."""
    found = leaving.question(Locals(None, fleet, Scribe(), "default"), lambda: None)
    return None if found is None else "".join(cell.text for cell in found.text)


def end_all(logs: Path) -> None:
    """What a failed test left: the logs of its workers, and so their arguments, lie in its own folder."""
    for found in Path("/proc").glob("[0-9]*/cmdline"):
        with suppress(OSError):
            if f"{logs}/" in found.read_text():
                os.kill(int(found.parent.name), signal.SIGKILL)


def serves(worker: Supervised) -> bool:
    return any("serves" in line for line in worker.tail.lines())


@pytest.fixture
def url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path}/runs.db"


@pytest.fixture
def fleet(url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Fleet]:
    monkeypatch.chdir(ROOT)
    made = Fleet(url, Scribe(), folder=tmp_path / "logs", pace=AT_ONCE)
    yield made
    made.kill()
    assert made.join(10.0)
    end_all(tmp_path / "logs")


def test_a_worker_that_is_killed_is_replaced_and_one_that_is_stopped_drains(fleet: Fleet, url: str) -> None:
    [worker] = fleet.start(parse("tests.tui.flows:workflows pool=bank concurrency=3 labels zone=eu big=true"))
    until(lambda: serves(worker), "the first process")
    first = worker.pid
    assert first is not None
    environment = Path(f"/proc/{first}/environ").read_text()
    assert f"SAGEWAI_STORE={url}" in environment
    assert url not in Path(f"/proc/{first}/cmdline").read_text()
    assert os.getsid(first) == first  # neither ctrl+c nor a hang-up of the terminal reaches it
    os.kill(first, signal.SIGKILL)
    until(lambda: worker.pid not in {None, first}, "another process")
    second = worker.pid
    assert second is not None
    until(lambda: sum("serves" in line for line in worker.tail.lines()) == 2, "the second process")
    submit(url, "slow", "run-1", seconds=1.0, pool="bank")
    until(lambda: reading(url, lambda store: store.get_run("run-1")).status is RunStatus.RUNNING, "the run")  # type: ignore[attr-defined]
    fleet.stop()
    assert {each.state for each in fleet.workers} == {"draining"}
    assert fleet.join(PATIENCE)
    assert {each.state for each in fleet.workers} == {"ended"}
    assert reading(url, lambda store: store.get_run("run-1")).status is RunStatus.COMPLETED  # type: ignore[attr-defined]
    sessions = reading(url, lambda store: store.list_sessions())
    mine = next(each for each in sessions if each.process.pid == second)  # type: ignore[attr-defined]
    assert (mine.pool, mine.max_concurrent, mine.labels) == ("bank", 3, {"zone": "eu", "big": True})
    assert mine.status is SessionStatus.STOPPED
    assert worker.tail.path.stat().st_mode & 0o777 == 0o600


def test_one_that_hears_no_signal_is_waited_for_through_ctrl_c_and_killed(fleet: Fleet, url: str) -> None:
    [worker] = fleet.start(parse("tests.tui.flows:workflows"))
    until(lambda: serves(worker) and reading(url, lambda store: store.list_sessions()), "its session")
    pid = worker.pid
    assert pid is not None
    os.kill(pid, signal.SIGSTOP)
    until(lambda: Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "T", "its stop")
    fleet.stop()
    before = signal.signal(signal.SIGALRM, signal.default_int_handler)
    try:
        signal.setitimer(signal.ITIMER_REAL, 0.1)
        with pytest.raises(KeyboardInterrupt):
            fleet.join(PATIENCE)
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
    assert not fleet.join(0.1)
    fleet.kill()
    assert fleet.join(PATIENCE)
    assert not is_alive(pid)


def test_workers_that_were_left_running_are_adopted_watched_and_left_again(
    fleet: Fleet, url: str, tmp_path: Path
) -> None:
    def later() -> Fleet:
        return Fleet(url, Scribe(), folder=tmp_path / "logs", pace=AT_ONCE)

    started = fleet.start(parse("tests.tui.flows:workflows n=2"))
    until(lambda: all(map(serves, started)), "both processes")
    pids = [worker.pid for worker in started]
    fleet.detach()
    assert [left.pid for left in fleet.left] == pids
    until(lambda: len(list((tmp_path / "logs").glob("*.left"))) == 2, "what they write down")
    assert Fleet("sqlite:///elsewhere.db", Scribe(), folder=tmp_path / "logs").adopt() == ()

    second = later()
    first, other = second.adopt()
    assert [worker.pid for worker in (first, other)] == pids
    assert [(worker.state, worker.is_adopted, serves(worker)) for worker in (first, other)] == [
        ("on", True, True)
    ] * 2
    assert (first.name, first.order) == (started[0].name, started[0].order)
    assert later().adopt() == (), "another console has them"
    assert first.pid is not None
    os.kill(first.pid, signal.SIGKILL)
    until(lambda: first.state == "gone", "its end")
    assert first.why == "nobody asked it to"
    first.start()  # a crash is shown; that it goes on is somebody's wish
    until(lambda: sum("serves" in line for line in first.tail.lines()) == 2, "another in its place")
    assert (first.is_adopted, second.tied) == (False, (first,))
    assert asked(second) == " quit?  1 local worker; 1 adopted one goes on"
    second.detach()
    until(lambda: len(list((tmp_path / "logs").glob("*.left"))) == 2, "both again")
    [killed, _] = [left.pid for left in second.left]
    os.kill(killed, signal.SIGKILL)
    until(lambda: not is_alive(killed), "its end")

    third = later()
    [other, missed] = third.adopt()
    assert (other.pid, missed.state, missed.why) == (pids[1], "gone", "died while no console looked")
    assert asked(third) is None, "nothing would end"
    third.stop()
    assert [left.pid for left in third.left] == [pids[1]], (
        "it outlived a console before, and outlives this one"
    )

    fourth = later()
    [other] = fourth.adopt()
    other.stop()
    assert other.join(PATIENCE)
    assert other.state == "ended"
    assert list((tmp_path / "logs").glob("*.left")) == []


def test_a_module_that_ends_at_once_is_given_up_and_starts_again_when_asked_to(fleet: Fleet) -> None:
    """Though it says 0 and so claims that all was well."""
    [worker] = fleet.start(Order("tests.tui.crashing:nothing"))
    until(lambda: worker.state == "stopped", "the end of it")
    assert worker.why == "exit code 0"
    assert worker.pid is None
    assert worker.tail.lines() == ("here ␛]0;owned␇ it ends",) * 3
    worker.start()
    until(lambda: len(worker.tail.lines()) == 4, "one more start")


def test_a_log_that_grew_too_large_or_was_removed_begins_anew_and_is_followed(tmp_path: Path) -> None:
    log = tmp_path / "worker.log"
    tail = FileTail(log, Scribe())
    code = (
        "import os, sys; from pathlib import Path; from tui.local.ward import LIMIT, bound\n"
        "log = Path(sys.argv[1])\n"
        "for word in sys.stdin:\n"
        "    if word == 'much\\n': os.write(1, b'x' * LIMIT + b'\\n')\n"
        "    bound(log); os.write(2, word.encode())\n"
    )
    with log.open("ab") as output:
        child = subprocess.Popen(
            [sys.executable, "-c", code, str(log)],
            stdin=subprocess.PIPE,
            stdout=output,
            stderr=output,
            cwd=ROOT,
        )
    assert child.stdin is not None
    for said, seen in ((b"one\n", "one"), (b"much\n", "much"), (b"two\n", "two")):
        child.stdin.write(said)
        child.stdin.flush()
        until(lambda seen=seen: seen in tail.lines(), seen)  # type: ignore[misc]
    assert log.read_bytes() == b"much\ntwo\n"
    assert (tmp_path / "worker.log.1").stat().st_size > LIMIT
    log.unlink()
    child.stdin.write(b"three\n")
    child.stdin.close()
    assert child.wait(10) == 0
    assert tail.lines()[-1] == "three"
    assert log.stat().st_mode & 0o777 == 0o600
