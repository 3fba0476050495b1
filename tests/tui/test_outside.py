"""What leaves the console: text to a pager, an input to an editor, a run to a file. The real program on a pty."""

from __future__ import annotations

import asyncio
import json
import os
import stat
from pathlib import Path

import pytest

from sagewai.cli.export import document
from sagewai.core.stores.url import open_store
from tests.tui.corpus import HOSTILE
from tests.tui.stage import Stage
from tests.tui.terminal import Terminal, console
from tests.tui.test_text import assert_harmless
from tui.gateway.exports import directory, file_name
from tui.outside import program
from tui.pager import pager

ROOT = str(Path(__file__).parents[2])


def script(path: Path, text: str) -> str:
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o700)
    return str(path)


def test_pager_editor_and_file_get_what_is_on_the_screen_and_nothing_else_does(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/runs.db"

    async def fill() -> dict[str, object]:
        async with open_store(url) as store:
            stage = Stage(store)
            await stage.worker("content-pipeline", lease=1e6)
            await stage.running("../run \x1b[2J", topic=list(HOSTILE))
            await stage.called("../run \x1b[2J", "\n".join(HOSTILE), request="go on")
            await stage.finish_step("../run \x1b[2J", "\n".join(HOSTILE))
            return json.loads(json.dumps(await document(store, "../run \x1b[2J")))  # type: ignore[no-any-return]

    whole = asyncio.run(fill())
    environ = {
        "PAGER": script(
            tmp_path / "pager", f"cat > {tmp_path}/paged; echo PAGER IS HERE; read answer < /dev/tty"
        ),
        "VISUAL": script(
            tmp_path / "editor",
            f'stat -c %a "$1" > {tmp_path}/mode; echo "$1" > {tmp_path}/where; cp "$1" {tmp_path}/edited\n'
            """printf '{"topic": "fern"}' > "$1" """,
        ),
        "XDG_DOWNLOAD_DIR": str(tmp_path / "downloads"),
    }
    (tmp_path / "downloads").mkdir()
    with Terminal(console("--store", url, "run", "../run"), cwd=ROOT, environ=environ) as opened:
        opened.wait_for("● draft")
        opened.wait_for("plain")
        opened.keys("v")
        opened.wait_for("PAGER IS HERE")
        opened.keys("\n")
        opened.wait_for("q quit")
        paged = (tmp_path / "paged").read_text()
        for line in paged.splitlines():
            assert_harmless(line)
        assert paged.startswith("../run ␛[2J: output\n")
        assert "family" in paged, "all of it, not what was in view"

        opened.keys("f")
        opened.wait_for("input, the old run's")
        opened.keys("e")
        opened.wait_for("input, edited")
        opened.keys("\x1b")
        opened.wait_for("q quit")
        assert (tmp_path / "mode").read_text().strip() == "600"
        assert not Path((tmp_path / "where").read_text().strip()).parent.exists()
        for line in (tmp_path / "edited").read_text().splitlines():
            assert_harmless(line)

        files: list[Path] = []
        for number in (1, 2):
            opened.keys("w")
            opened.wait_for("readable by you alone")
            assert ".json" in opened.text
            opened.keys("y")
            opened.wait_for("not copied")
            files = sorted((tmp_path / "downloads").iterdir())
            assert len(files) == number
        opened.keys("q")
        assert opened.wait() == 0
        assert b"\x1b[2J\x1b[H" not in opened.written.replace(b"\x1b[2J\x1b[H\x1b[?", b"")
        assert opened.title == ""
        assert opened.attributes == opened.before
    for file in files:
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
        assert file.read_bytes().isascii()
        told = json.loads(file.read_text())
        assert told["input"] == whole["input"]
        assert told["calls"] == whole["calls"]
        assert [entry["kind"] for entry in told["timeline"]] == [
            entry["kind"]
            for entry in whole["timeline"]  # type: ignore[attr-defined]
        ]


@pytest.mark.parametrize(
    ("run_id", "name"),
    [
        ("run-1", "run-1"),
        ("../../etc/passwd", "_.._etc_passwd"),
        ("", "run"),
        ("a b\x1b", "a_b_"),
        ("x" * 300, "x" * 80),
    ],
)
def test_a_files_name_obeys_no_path_and_no_shell(run_id: str, name: str) -> None:
    assert file_name(run_id) == name


def test_a_pager_is_the_operators_own_and_never_a_shell(tmp_path: Path) -> None:
    mine = script(tmp_path / "my pager", "cat")
    assert pager({"PAGER": f"'{mine}' -x"}) == [mine, "-x"]
    assert pager({"PAGER": "/nowhere/pager"}) is None
    assert program(
        {"VISUAL": "'open quote", "EDITOR": mine.replace(" ", "\\ ")}, "VISUAL", "EDITOR", otherwise=()
    ) == [mine]
    assert program({}, "PAGER", otherwise=(["/nowhere/less"],)) is None


def test_files_go_to_the_downloads_else_to_where_the_console_was_started(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert directory({"XDG_DOWNLOAD_DIR": str(tmp_path)}) == tmp_path
    assert directory({"XDG_DOWNLOAD_DIR": "/nowhere"}) == Path(os.getcwd())
