"""Bulk jobs from the command line: which runs are meant, who is asked, what is told, and the exit code."""

from __future__ import annotations

import asyncio
import os
import pty
import signal
import subprocess
from collections import Counter
from typing import Any

import pytest

from sagewai.cli.exits import Exit
from sagewai.core.audit import verify
from sagewai.core.stores.bulks import AT_ONCE
from sagewai.core.stores.sqlite import SQLiteStore
from sagewai.core.stores.url import open_store
from sagewai.models.history import EventKind
from sagewai.models.status import RunStatus
from sagewai.models.transition import Move
from tests.cli.console import PROGRAM, Command, Inside
from tests.contract.scene import Scene, failure, spec

RUNS = ("blue-1", "blue-2", "red-1", "red-2", "red-3")


def prepared(command: Command) -> Command:
    """Five pending runs, of which the red ones are tagged, and red-3 is paused."""

    async def prepare() -> None:
        async with open_store(command.env["SAGEWAI_STORE"]) as store:
            await store.insert_runs(
                [
                    spec(run_id, tags={"team": "red"} if run_id.startswith("red") else {}, pool=run_id[:-2])
                    for run_id in RUNS
                ]
            )
            await Scene(store).run_in(RunStatus.COMPLETED, "old-1", workflow="other")

    asyncio.run(prepare())
    assert command("runs", "pause", "red-3").code == Exit.OK
    return command


def statuses(command: Command) -> dict[str, str]:
    return {run["run_id"]: run["status"] for run in command("runs", "list", "--json").json}


def counted(
    command: Command, *selection: str, verb: str = "cancel", **how: Any
) -> tuple[dict[str, int], int, int]:
    found = command("bulk", verb, "--dry-run", "--json", *selection, **how).json
    return found["by_status"], found["possible"], found["missing"]


def test_a_job_is_counted_carried_out_and_accounted_for(inside_each: Inside) -> None:
    sagewai = prepared(inside_each)
    mixed = ("blue-1", "old-1", "red-3", "nowhere", "blue-1")
    assert counted(sagewai, *mixed) == ({"pending": 1, "paused": 1, "completed": 1}, 2, 1)
    assert sagewai("bulk", "list", "--json").json == []

    said = sagewai("bulk", "cancel", *mixed, "--yes", "--reason", "twice")
    assert said.code == Exit.CONFLICT
    assert said.out.splitlines() == [
        "STATUS       RUNS",
        "pending      1",
        "paused       1",
        "completed    1",
        "no such run  1",
        "2 of 4 can be cancelled now",
        "bulk job 1: cancelled 2 of 4",
        "2 refused: `sagewai bulk show 1 --outcome refused` says why",
    ]
    assert Counter(statuses(sagewai).values()) == {"pending": 3, "cancelled": 2, "completed": 1}
    [job] = sagewai("bulk", "list", "--json").json
    assert (job["verb"], job["status"], job["done"], job["refused"], job["reason"]) == (
        "cancel",
        "done",
        2,
        2,
        "twice",
    )
    items = sagewai("bulk", "show", "1", "--json").json["items"]
    assert [item["outcome"] for item in items] == ["done", "refused", "done", "refused"]
    shown = sagewai("bulk", "show", "1", "--outcome", "refused", "--limit", "1")
    assert "it is completed" in shown.out
    assert "nowhere" not in shown.out
    assert shown.err == "more: --after 2\n"
    assert "nowhere" in sagewai("bulk", "show", "1", "--outcome", "refused", "--after", "2").out
    assert "cancel  done    4      2     2" in sagewai("bulk", "list").out
    assert sagewai("audit", "verify").code == Exit.OK

    said = sagewai("bulk", "pause", "--prefix", "red-", "--yes", "--json")
    assert (said.code, said.json["done"], said.err) == (Exit.OK, 2, "")


def test_runs_are_named_listed_in_a_file_or_found(inside: Inside) -> None:
    sagewai = prepared(inside)
    (sagewai.folder / "ids").write_text("red-1\n\n  red-2 \r\nred-1\n")
    assert counted(sagewai, "@ids", "blue-1") == ({"pending": 3}, 3, 0)
    assert counted(sagewai, "-", stdin="blue-2\nred-3") == ({"pending": 1, "paused": 1}, 2, 0)
    assert counted(sagewai, "--all") == ({"pending": 4, "paused": 1}, 5, 0)
    assert counted(sagewai, "--tag", "team=red", "--status", "pending") == ({"pending": 2}, 2, 0)
    assert counted(sagewai, "--pool", "blue", "--workflow", "orders") == ({"pending": 2}, 2, 0)
    assert counted(sagewai, "--workflow", "other") == ({}, 0, 0)
    assert counted(sagewai, "--workflow", "other", "--status", "completed") == ({"completed": 1}, 0, 0)
    assert counted(sagewai, "--all", verb="resume") == ({"paused": 1}, 1, 0)

    said = sagewai("bulk", "cancel", "--prefix", "nothing-", "--yes")
    assert (said.code, said.out) == (Exit.OK, "no runs\n")
    said = sagewai("bulk", "resume", "old-1", "--yes")
    assert said.code == Exit.CONFLICT
    assert "nothing to resume" in said.err
    assert sagewai("bulk", "list").out == "no bulk jobs\n"


def test_dead_letters_are_found_by_their_error(inside: Inside) -> None:
    async def prepare() -> None:
        async with SQLiteStore(inside.folder / "runs.db") as store:
            scene = Scene(store)
            for run_id, kind in (("a-1", "builtins.OSError"), ("a-2", "builtins.OSError"), ("b-1", "x.Late")):
                owner = await scene.own(run_id, tags={"n": run_id[-1]}, pool=run_id[0])
                await owner.make(Move.FAILED, error=failure(kind))

    asyncio.run(prepare())
    assert counted(inside, "--all", verb="retry") == ({"failed": 3}, 3, 0)
    assert counted(inside, "--error", "builtins.OSError", verb="retry") == ({"failed": 2}, 2, 0)
    assert counted(inside, "--error", "x.Late", "--pool", "a", verb="retry") == ({}, 0, 0)
    assert counted(inside, "--tag", "n=1", "--prefix", "a", verb="discard") == ({"failed": 1}, 1, 0)
    assert inside("bulk", "discard", "--error", "x.Late", "--yes").code == Exit.OK
    assert counted(inside, "--all", verb="retry") == ({"failed": 2}, 2, 0)
    assert counted(inside, "--status", "failed", verb="retry") == ({"failed": 3}, 2, 0)
    assert inside("bulk", "retry", "--all", "--yes").code == Exit.OK
    assert inside("dlq", "list", "--json").json == []


@pytest.mark.parametrize(
    "arguments",
    [
        ("cancel",),
        ("cancel", "--all"),
        ("cancel", "-", "--reason", "nobody to ask"),
        ("cancel", "r1", "--pool", "bank", "--yes"),
        ("cancel", "r1", "--all", "--yes"),
        ("cancel", "--error", "builtins.OSError", "--yes"),
        ("retry", "--error", "builtins.OSError", "--status", "failed", "--yes"),
        ("cancel", "@nowhere", "--yes"),
        ("cancel", "x" * 201, "--yes"),
        ("show", "one"),
    ],
    ids=" ".join,
)
def test_what_cannot_be_meant_is_a_usage_error(inside: Inside, arguments: tuple[str, ...]) -> None:
    said = inside("bulk", *arguments)
    assert said.code == Exit.USAGE
    assert said.complaint


def test_a_job_left_to_others_is_watched_or_stopped(inside: Inside) -> None:
    sagewai = prepared(inside)
    assert (
        sagewai("bulk", "pause", "--pool", "blue", "--yes", "--detach", "--json").json["status"] == "running"
    )
    assert statuses(sagewai)["blue-1"] == "pending"
    assert sagewai("bulk", "stop", "1", "--reason", "no").out.splitlines() == [
        "bulk job 1: paused 0 of 2",
        "2 left: the job was stopped",
    ]
    assert sagewai("bulk", "watch", "1").code == Exit.CONFLICT
    assert "`sagewai bulk watch 2`" in sagewai("bulk", "pause", "--pool", "blue", "--yes", "--detach").out
    watched = sagewai("bulk", "watch", "2", "--json")
    assert (watched.code, watched.json["status"]) == (Exit.OK, "done")
    assert statuses(sagewai)["blue-1"] == "paused"
    for verb in ("show", "watch", "stop"):
        said = sagewai("bulk", verb, "3")
        assert (said.code, "3" in said.complaint) == (Exit.NOT_FOUND, True)


def test_whoever_sits_at_a_terminal_is_asked(sagewai: Command) -> None:
    prepared(sagewai)

    def answered(answer: str) -> tuple[int, str]:
        terminal, inner = pty.openpty()
        try:
            os.write(terminal, f"{answer}\n".encode())
            ended = subprocess.run(
                [*PROGRAM, "bulk", "cancel", "--pool", "blue"],
                cwd=sagewai.folder,
                env=sagewai.env,
                stdin=inner,
                capture_output=True,
                timeout=60,
            )
        finally:
            os.close(terminal)
            os.close(inner)
        return ended.returncode, ended.stderr.decode()

    assert answered("n") == (Exit.INTERRUPTED, "cancel 2 runs? [y/N] ")
    assert statuses(sagewai)["blue-1"] == "pending"
    assert answered("y") == (Exit.OK, "cancel 2 runs? [y/N] ")
    assert statuses(sagewai)["blue-1"] == "cancelled"


def test_a_job_goes_on_where_a_process_was_killed(on_each: Command) -> None:
    """In the midst of its second batch: the items it had in hand are done once, by whoever comes."""
    run_ids = [f"r{number:02}" for number in range(AT_ONCE + 10)]

    async def submit() -> None:
        async with open_store(on_each.env["SAGEWAI_STORE"]) as store:
            await store.insert_runs([spec(run_id) for run_id in run_ids])

    async def told() -> tuple[dict[str | None, int], str | None]:
        async with open_store(on_each.env["SAGEWAI_STORE"]) as store:
            events = await store.get_events(limit=1_000)
            cancelled = Counter(event.run_id for event in events if event.kind is EventKind.CANCELLED)
            return dict(cancelled), (await verify(store)).broken

    asyncio.run(submit())
    died = on_each("bulk", "cancel", "--all", "--yes", SAGEWAI_FAILPOINTS=f"bulk item=kill@{AT_ONCE + 7}")
    assert died.code == -signal.SIGKILL
    [job] = on_each("bulk", "list", "--json").json
    assert (job["status"], job["done"]) == ("running", AT_ONCE)
    assert len(asyncio.run(told())[0]) == AT_ONCE
    assert on_each("bulk", "watch", "1", "--json").json["done"] == len(run_ids)
    assert asyncio.run(told()) == (dict.fromkeys(run_ids, 1), None)
