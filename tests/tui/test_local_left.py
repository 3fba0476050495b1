"""What a worker that was left running wrote down is believed where it can be proven, by one console at a time."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import pytest

from sagewai.core.worker.process import this_process
from tui.local import left
from tui.local.left import Left
from tui.local.order import parse

STORE = left.mark("sqlite:////var/lib/runs.db")
MINE = Left("console-7-1", parse("shop.flows:all pool=gpu n=1 labels zone=eu"), STORE, this_process())


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return left.path_of(tmp_path / "console-worker-7-1.log")


def test_it_is_found_as_it_was_written_and_by_one_console_at_a_time(path: Path) -> None:
    left.write(path, MINE)
    assert path.stat().st_mode & 0o777 == 0o600
    [found] = left.find(path.parent, STORE)
    assert (found.left, found.alive) == (MINE, True)
    assert left.log_of(found.path) == path.parent / "console-worker-7-1.log"
    assert list(left.find(path.parent, STORE)) == []
    os.close(found.lock)
    [again] = left.find(path.parent, STORE)
    again.forget()
    assert list(path.parent.iterdir()) == []


def test_a_process_that_only_has_its_pid_is_another(path: Path) -> None:
    left.write(path, replace(MINE, process=replace(this_process(), started="1")))
    [found] = left.find(path.parent, STORE)
    assert not found.alive
    found.forget()


@pytest.mark.parametrize(
    "other",
    [
        replace(MINE, store=left.mark("sqlite:////var/lib/other.db")),
        replace(MINE, process=replace(this_process(), boot_id="another")),
        replace(MINE, process=replace(this_process(), host="another")),
        replace(MINE, process=replace(this_process(), pid_namespace="pid:[1]")),
        replace(MINE, process=replace(this_process(), started="")),
        replace(MINE, process=replace(this_process(), pid=1)),
    ],
    ids=["store", "boot", "host", "namespace", "no start time", "everybody's parent"],
)
def test_what_cannot_be_proven_here_is_left_alone(path: Path, other: Left) -> None:
    left.write(path, other)
    assert list(left.find(path.parent, STORE)) == []
    assert path.exists()


@pytest.mark.parametrize("text", ["", "null", "[]", "{}", '{"process": 1}', "\udcff"])
def test_what_no_worker_has_written_is_left_alone(path: Path, text: str) -> None:
    path.write_text(text, encoding="utf-8", errors="surrogateescape")
    path.chmod(0o600)
    assert list(left.find(path.parent, STORE)) == []


def test_a_file_that_others_could_write_or_that_lies_elsewhere_is_left_alone(path: Path) -> None:
    left.write(path, MINE)
    path.chmod(0o620)
    path.with_name("console-worker-8-1.left").symlink_to(path)
    os.mkfifo(path.with_name("console-worker-9-1.left"))
    assert list(left.find(path.parent, STORE)) == []


def test_one_that_a_restart_of_the_machine_ended_is_swept_in_the_end(path: Path) -> None:
    left.write(path, replace(MINE, process=replace(this_process(), boot_id="the one before")))
    os.utime(path, (0, 0))
    assert list(left.find(path.parent, STORE)) == []
    assert not path.exists()


def test_a_store_is_the_same_by_whatever_path_and_password_and_not_by_another_login(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert left.mark("sqlite:///runs.db") == left.mark(f"sqlite:///{tmp_path}/./runs.db")
    url = "postgresql://ada:one@db1/runs?sslmode=require&application_name=x"
    assert left.mark(url) == left.mark(url.replace("one", "two"))
    assert left.mark(url) == left.mark(f"{url}&password=three")
    assert left.mark(url) != left.mark(url.replace("ada", "bob"))
    assert left.mark(url) != left.mark(url.replace("db1", "db2"))
