"""Mutants: copies of the library with one promise taken out each, and the test that must not let it pass."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from importlib.util import cache_from_source
from pathlib import Path

ROOT = Path(__file__).parents[2]

PASSED, FAILED = 0, 1
"""What pytest says; any other code is no verdict."""


@dataclass(frozen=True, slots=True)
class Mutant:
    """``old`` occurs once in ``file``, and ``new`` stands there instead; ``test`` must turn red."""

    name: str
    promise: str
    file: str
    old: str
    new: str
    test: str


MUTANTS = (
    Mutant(
        "token check removed",
        "P3",
        "sagewai/core/stores/sqlite/record.py",
        "(run.token, run.rev) != (move.token, move.rev)",
        "run.rev != move.rev",
        "tests/contract/test_fence.py::test_a_stale_token_writes_nothing[sqlite]",
    ),
    Mutant(
        "token check removed from a plain step",
        "P3",
        "sagewai/core/stores/sqlite/progress.py",
        "r.token = new.token and ",
        "",
        "tests/contract/test_fence.py::test_a_stale_token_writes_nothing[sqlite]",
    ),
    Mutant(
        "rev check removed",
        "P3",
        "sagewai/core/stores/sqlite/record.py",
        "(run.token, run.rev) != (move.token, move.rev)",
        "run.token != move.token",
        "tests/contract/test_fence.py::test_a_stale_rev_writes_nothing[sqlite]",
    ),
    Mutant(
        "digest not compared",
        "P4",
        "sagewai/core/stores/sqlite/decide.py",
        "if request.digest is not None and request.digest != approval.digest:",
        "if False:",
        "tests/contract/test_decide.py::test_a_decision_on_other_content_changes_nothing[sqlite]",
    ),
    Mutant(
        "wake-ups not compared",
        "P5",
        "sagewai/core/stores/sqlite/record.py",
        "woken = run.wakeups > move.wakeups or (",
        "woken = (",
        "tests/contract/test_park.py::test_a_decision_before_the_park_is_not_lost[sqlite]",
    ),
    Mutant(
        "suspension note ignored",
        "P4",
        "sagewai/core/execution.py",
        "if notes:",
        "if False:",
        "tests/engine/test_approval.py::test_a_noted_suspension_survives_whatever_the_body_does_with_it",
    ),
    Mutant(
        "audit outside the transaction",
        "P5",
        "sagewai/core/stores/sqlite/events.py",
        "            audit.append(self._tx, self._audited)\n",
        '            self._tx.script("commit; begin immediate")\n            audit.append(self._tx, self._audited)\n',
        "tests/sqlite/test_audit.py::test_entry_and_event_are_written_together_or_not_at_all",
    ),
    Mutant(
        "takeover counted for all",
        "P6",
        "sagewai/core/stores/sqlite/sweep.py",
        "for run in suspects or runs:",
        "for run in runs:",
        "tests/contract/test_tick.py::test_a_death_with_one_suspect_aboard_counts_for_that_one_alone[sqlite]",
    ),
    Mutant(
        "encoding unchecked",
        "P9",
        "sagewai/core/codec.py",
        "    if type(value) not in _SCALARS or type(value) is int:\n        require_plain(value, what)\n",
        "",
        "tests/unit/test_codec.py::test_what_json_would_change_is_refused_by_its_place",
    ),
    Mutant(
        "text made visible nowhere",
        "P10",
        "tui/text.py",
        "    shown = text.translate(table)\n",
        "    shown = text\n",
        "tests/tui/test_text.py::test_what_is_hidden_is_spelled_out",
    ),
    Mutant(
        "redactor off",
        "no secret is recorded or logged",
        "sagewai/core/redact.py",
        "        text = shape.sub(replacement, text)\n",
        "        pass\n",
        "tests/engine/test_hostile.py::test_secrets_are_hidden_whole",
    ),
    Mutant(
        "recorded steps forgotten",
        "P1",
        "sagewai/core/stores/sqlite/progress.py",
        "rev = rev + 1, seq = seq + 1, attempt = 1,",
        "rev = rev + 1, attempt = 1,",
        "tests/engine/test_run.py::"
        "test_a_failed_step_resumes_at_itself_after_a_retry_and_earlier_steps_stay_recorded[sqlite]",
    ),
    Mutant(
        "a key per attempt",
        "P2",
        "sagewai/core/context.py",
        'return f"{self.run_id}:{self.step}"',
        'return f"{self.run_id}:{self.step}:{self.attempt}"',
        "tests/engine/test_run.py::test_retries_happen_in_place_and_each_attempt_is_on_the_timeline[memory]",
    ),
    Mutant(
        "the dead swept by nobody",
        "P7",
        "sagewai/core/stores/sqlite/sweep.py",
        "in tx.rows(_LAPSED, tx.now, limit):",
        "in tx.rows(_LAPSED, 0, limit):",
        "tests/contract/test_tick.py::test_a_run_whose_session_lapsed_is_ready_under_a_higher_token[sqlite]",
    ),
    Mutant(
        "time by whoever calls",
        "P8",
        "sagewai/core/stores/memory/store.py",
        "state.now = self._clock()",
        "state.now = time.time()",
        "tests/unit/test_memory_clock.py::test_a_lease_ends_at_its_moment_not_before",
    ),
    Mutant(
        "a lost reply taken for a lost lease",
        "P9",
        "sagewai/core/worker/committer.py",
        "                    item.answer(head.status)\n",
        "                    item.answer(None)\n",
        "tests/engine/test_committer.py::test_an_unanswered_write_is_read_back_and_never_made_twice",
    ),
)


def copied(folder: Path) -> Path:
    """The library and the console copied to where they can be changed, beside the tests as they are."""
    for part in ("sagewai", "tui"):
        shutil.copytree(ROOT / part, folder / part)  # what was compiled comes along
    (folder / "tests").symlink_to(ROOT / "tests")
    shutil.copy(ROOT / "pyproject.toml", folder)
    return folder


def mutate(copy: Path, mutant: Mutant) -> None:
    """Take the promise out of the copy. A text that isn't there, or there twice, is an error: the code has moved on."""
    path = copy / mutant.file
    source = path.read_text()
    found = source.count(mutant.old)
    assert found == 1, (
        f"{mutant.file} has {mutant.old!r} {found} times: say anew what the mutant {mutant.name!r} changes"
    )
    path.write_text(source.replace(mutant.old, mutant.new))
    Path(cache_from_source(path)).unlink(missing_ok=True)


def verdict(copy: Path, tests: Iterable[str]) -> subprocess.CompletedProcess[str]:
    """What pytest says of these tests against the copy."""
    plugins = ("-p", "no:cacheprovider", "-p", "pytest_asyncio.plugin")
    options = ("-q", "-x", *plugins, "-o", "addopts=--import-mode=importlib")
    no_server = ("-k", "not postgres")  # one for each would take most of the time
    return subprocess.run(
        [sys.executable, "-m", "pytest", *options, *tests, *no_server],
        cwd=copy,
        env={
            **os.environ,
            "PYTHONPATH": str(copy),
            "PYTHONDONTWRITEBYTECODE": "1",
            "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1",
        },
        capture_output=True,
        text=True,
        timeout=120,
    )
