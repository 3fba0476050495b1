"""An approval's content edited in a reviewer's own editor, on a real terminal: private, checked, gone afterwards."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

from sagewai.core.stores.base import Store
from sagewai.models.approval import Approval
from tests.tui.stage import Stage
from tests.tui.terminal import Terminal, console
from tests.tui.test_terminal import ROOT, filled, reading
from tests.tui.test_triage_screen import EDITABLE, ask

EDITOR = """
import os, sys, json
path, log = sys.argv[-1], sys.argv[1]
before = open(path).read()
rounds = open(log).readlines() if os.path.exists(log) else []
with open(log, "a") as file:
    file.write(json.dumps([path, oct(os.stat(path).st_mode & 0o777), before]) + "\\n")
with open(path, "w") as file:
    file.write(before.replace("lots", "2100") if rounds else before.replace("4200", "lots"))
"""
"""Spoils the content first, and mends it the second time."""


def test_content_is_edited_in_the_reviewers_own_editor(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/runs.db"
    program, log = tmp_path / "editor.py", tmp_path / "edited"
    program.write_text(EDITOR)

    async def fill(stage: Stage) -> None:
        await ask(stage, "run-1", context={"to": "Ada \x1b[2J\u202e", "cents": 4200}, policy=EDITABLE)

    async def decided(store: Store) -> Approval:
        return (await store.approvals_of("run-1"))[0]

    filled(url, fill)
    environ = {"VISUAL": f"{sys.executable} {program} {log}", "TMPDIR": str(tmp_path)}
    with Terminal(console("--store", url, "approvals"), cwd=ROOT, environ=environ) as terminal:
        terminal.wait_for("Refund it?")
        terminal.keys("e")
        terminal.wait_for("isn't JSON")
        terminal.keys("\r")
        terminal.wait_for("cents: {+2100+}")
        assert r"Ada \u001b[2J<U+202E>" in terminal.text
        terminal.keys("a")
        terminal.wait_for("as you edited it")
        terminal.keys("\r")
        terminal.wait_for("✔ approve run-1, edited: done")
        terminal.keys("q")
        assert terminal.wait() == 0
    rounds = [json.loads(line) for line in log.read_text().splitlines()]
    assert [mode for _, mode, _ in rounds] == ["0o600", "0o600"]
    assert not any(os.path.exists(path) for path, _, _ in rounds)
    assert "\x1b" not in rounds[0][2]
    assert "\u202e" not in rounds[0][2]
    assert json.loads(rounds[0][2]) == {"to": "Ada \x1b[2J\u202e", "cents": 4200}
    approval = reading(url, decided)
    assert isinstance(approval, Approval)
    assert approval.decision is not None
    assert json.loads(approval.decision.payload or "") == {"to": "Ada \x1b[2J\u202e", "cents": 2100}
    assert approval.decision.digest_seen == approval.digest
