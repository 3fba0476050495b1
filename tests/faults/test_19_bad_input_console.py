"""Bad input on the console's screen, on a real pty: hostile texts, impossible terminals, lines that are cut."""

from __future__ import annotations

import asyncio
import os
import random
import re
import shlex
import signal
import subprocess
import sys
import time
import unicodedata
from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from typing import Any

import pytest

from sagewai.core.stores.base import Store
from sagewai.core.stores.url import open_store
from sagewai.models.status import ApprovalStatus
from tests.faults import corpus
from tests.faults.corpus import Case
from tests.faults.crew import ROOT
from tests.faults.report import Fault
from tests.faults.score import Score
from tests.tui.stage import Stage
from tests.tui.terminal import Terminal, console

pytestmark = pytest.mark.one_database_when_short

OURS = re.compile(
    rb"\x1b\[[0-9;:]*[mHJKABCDGdfhlr]|\x1b\[\?[0-9;]+(?:h|l|\$p)|\x1b\[[<>=][0-9;]*u|\x1b\[[0-9]* q"
)
"""What the console itself tells a terminal: colours, places, modes."""

SCREENS = (("2", "model calls"), ("3", "digest"), ("4", "pools"), ("5", "dead letter"))
SIZES = ((10, 3), (200, 60), (1, 1), (140, 40), (40, 10), (3, 100), (300, 2), (80, 24))


def test_hostile_texts_are_shown_and_never_obeyed(
    fault: Fault, store: Store, store_url: str, rng: random.Random, long: bool
) -> None:
    """Each by itself in every place that a console shows, so that none hides behind another."""
    payloads = [case for case in corpus.texts() if case.kept]
    texts = [case for case in [*payloads, *corpus.names()] if len(case.value) < 100_000]
    chosen = texts if long else rng.sample(texts, 8)
    score = Score()
    asyncio.run(prepared(store_url, chosen))
    with opened(store_url, "runs") as terminal:
        terminal.wait_for("zz-last")
        judged = 0
        for at, case in enumerate(chosen):
            terminal.keys(f":run hostile-{at}\r")
            terminal.wait_for("model calls")
            terminal.keys("3")
            terminal.wait_for("digest")
            terminal.keys("\x1b[6~5")
            terminal.wait_for("dead letter")
            terminal.keys("1")
            terminal.wait_for("newest first")
            written = whole(terminal.written[judged:])
            judged += len(written)
            judge(score, case, written, terminal.title)
        terminal.keys("q")
        assert terminal.wait() == 0
    finish(fault, score, "console texts")


def test_impossible_terminals(fault: Fault, store: Store, store_url: str, long: bool) -> None:
    """0 × 0, 10 × 3, storms of sizes: a whole picture once there is room for it. None, or a dumb one: exit code 2."""
    asyncio.run(staged(store_url, lambda stage: stage.one_of_each()))
    score = Score()

    def tried(name: str, trial: Callable[[], object]) -> None:
        try:
            trial()
        except AssertionError as error:
            score.note("terminal", name, str(error)[:500])
        else:
            score.total += 1

    for columns, rows in ((0, 0), (10, 3), (1, 1))[: 3 if long else 2]:
        tried(f"{columns} × {rows}", partial(small, store_url, columns, rows))
    tried("a storm of sizes", lambda: storm(store_url, rounds=20 if long else 4))
    tried("no terminal", lambda: refused(store_url, stdin=subprocess.DEVNULL))
    tried("a dumb terminal", lambda: dumb(store_url))
    for variable in ("LANG", "LC_ALL")[: 2 if long else 1]:
        tried(f"{variable}=C", partial(plain, store_url, variable))
    finish(fault, score, "terminals")


def test_a_line_that_is_cut_in_the_middle_of_an_approval_decides_nothing(
    fault: Fault, store: Store, store_url: str, long: bool
) -> None:
    ways = ("SIGHUP", "end of input", "hang-up", "SIGTERM", "kill -9")
    asyncio.run(staged(store_url, asking))
    score = Score()
    for way in ways if long else ways[:2]:
        problem = cut(store_url, way)
        if problem is None:
            score.total += 1
        else:
            score.note("a line that is cut", way, problem)
    finish(fault, score, "cut in an approval")


# -- trials -------------------------------------------------------------------------------------------------------


def cut(url: str, way: str) -> str | None:
    """What is wrong after the line was cut while somebody typed the reason of an approval."""
    with opened(url, "approvals", controlling=way != "end of input") as terminal:
        terminal.wait_for("survive crashes.")
        terminal.keys("aalmost")
        terminal.wait_for("almost")
        if way in ("hang-up", "end of input"):
            terminal.hang_up()
        else:
            number = {"SIGHUP": signal.SIGHUP, "SIGTERM": signal.SIGTERM, "kill -9": signal.SIGKILL}[way]
            terminal.signal(number)
        code = terminal.wait()
    [asked] = asyncio.run(reading(url, lambda store: store.approvals_of("run-1")))
    wanted = {"SIGTERM": 128 + signal.SIGTERM, "kill -9": -signal.SIGKILL}.get(way, 128 + signal.SIGHUP)
    if code != wanted:
        return f"ended the console with {code}"
    if asked.status is not ApprovalStatus.PENDING or asked.decisions:
        return f"left the approval {asked.status}"
    return None


def small(url: str, columns: int, rows: int) -> None:
    argv = " ".join(map(shlex.quote, console("--store", url)))
    line = f"stty rows {rows} cols {columns}; exec {argv}"
    with Terminal(["/bin/sh", "-c", line], cwd=str(ROOT), environ=quiet()) as terminal:
        until = time.monotonic() + 5
        while b"\x1b[?1049h" not in terminal.written and time.monotonic() < until:
            time.sleep(0.02)
        time.sleep(0.3)
        assert terminal.process.poll() is None, (
            f"it ended with {terminal.process.returncode}:\n{terminal.text}"
        )
        terminal.resize(80, 24)
        terminal.wait_for(lambda text: "run-00c0ffee" in text and "q quit" in text)
        terminal.keys("q")
        assert terminal.wait() == 0


def storm(url: str, *, rounds: int) -> None:
    with opened(url, "runs") as terminal:
        terminal.wait_for("run-00c0ffee")
        for _ in range(rounds):
            for columns, rows in SIZES:
                terminal.resize(columns, rows)
                time.sleep(0.01)
        terminal.wait_for(lambda text: "run-00c0ffee" in text and "q quit" in text.split("\n")[-1])
        terminal.keys("q")
        assert terminal.wait() == 0


def refused(url: str, **streams: Any) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "tui", "--store", url],
        capture_output=True,
        text=True,
        timeout=60,
        cwd=ROOT,
        env={**os.environ, **quiet()},
        check=False,
        **streams,
    )
    assert (done.returncode, done.stdout) == (2, ""), done
    assert "needs a terminal" in done.stderr
    assert done.stderr.count("\n") == 1


def dumb(url: str) -> None:
    with Terminal(console("--store", url), cwd=str(ROOT), environ={"TERM": "dumb", **quiet()}) as terminal:
        assert terminal.wait() == 2
        terminal.wait_for("needs a terminal")
        assert b"\x1b[?1049h" not in terminal.written


def plain(url: str, variable: str) -> None:
    with Terminal(console("--store", url), cwd=str(ROOT), environ={variable: "C", **quiet()}) as terminal:
        terminal.wait_for("run-00c0ffee")
        for key, wanted in SCREENS:
            terminal.keys(key)
            terminal.wait_for(wanted)
        assert terminal.written.isascii(), "it wrote more than ASCII"
        terminal.keys("q")
        assert terminal.wait() == 0


def whole(written: bytes) -> bytes:
    """Without what the console is in the middle of telling the terminal."""
    last = written.rfind(b"\x1b", max(0, len(written) - 40))
    return written if last < 0 or OURS.match(written, last) else written[:last]


def judge(score: Score, case: Case, written: bytes, title: str) -> None:
    rest = OURS.sub(b"", written).decode("utf-8", "replace")
    raw = {
        each
        for each in rest
        if not each.isprintable() and each not in "\r\n" and unicodedata.category(each) != "Zs"
    }
    if raw:
        score.note("screen", case, f"put {''.join(sorted(raw))!a} on the screen")
    elif title:
        score.note("screen", case, f"set the title {title!a}")
    else:
        score.total += 1


# -- what is on the stage -----------------------------------------------------------------------------------------


async def prepared(url: str, cases: Sequence[Case]) -> None:
    """One run for each text, which is in its input, its result, its tags, its question, its error and its reason."""

    async def fill(stage: Stage) -> None:
        for at, case in enumerate(cases):
            text, run_id = case.value, f"hostile-{at}"
            name = (
                text if case in corpus.names() and case.kept else re.sub(r"[\0\ud800-\udfff]", "", text)[:180]
            )
            name = name if name.strip() else "x"
            steps = ("research", f"{name} 2", "review", "publish")
            await stage.worker("content-pipeline", name, name=name, steps=steps)
            tags = {"t": name}
            await stage.running(run_id, workflow=name, tags=tags, steps=steps, value={text: [text]})
            await stage.finish_step(run_id, {"result": text})
            if at % 2:
                await stage.ask(run_id, f"{name}?", {"content": text, text: 1})
            else:
                await stage.die(run_id, name or "x", kind=f"{name[:50]}.Error")
        await stage.worker("content-pipeline")
        await stage.submit("zz-last")

    await staged(url, fill)


async def asking(stage: Stage) -> None:
    await stage.worker("content-pipeline", lease=600.0)
    await stage.running("run-1", done=2)
    await stage.ask("run-1")


async def staged(url: str, fill: Callable[[Stage], Awaitable[object]]) -> None:
    async with open_store(url) as store:
        await fill(Stage(store))


async def reading(url: str, read: Callable[[Store], Awaitable[Any]]) -> Any:
    async with open_store(url) as store:
        return await read(store)


def opened(url: str, *arguments: str, controlling: bool = True) -> Terminal:
    return Terminal(
        console(*arguments), cwd=str(ROOT), environ={"SAGEWAI_STORE": url, **quiet()}, controlling=controlling
    )


def quiet() -> dict[str, str]:
    return {"PYTHONPATH": str(ROOT)}


def finish(fault: Fault, score: Score, place: str) -> None:
    fault.figure(f"{place} {score.figure}")
    fault.check(score.problems)
