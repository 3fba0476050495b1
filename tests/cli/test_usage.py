"""The program's manners: help, version, usage errors in one line, a quick start."""

from __future__ import annotations

import json
import os
import resource
import shlex
import subprocess
import sys

import pytest

from sagewai import __version__
from sagewai.cli.exits import Exit
from tests.cli.console import PROGRAM, ROOT, Command, Inside, Said

VERBS = {
    "submit": (),
    "worker": (),
    "runs": (
        *("list", "show", "timeline", "watch", "retry", "cancel", "pause", "resume", "step", "priority"),
        *("signal", "signals", "fork", "export"),
    ),
    "calls": ("list", "show"),
    "cost": (),
    "rates": (),
    "approvals": ("list", "show", "approve", "reject", "claim", "release", "snooze", "comment"),
    "bulk": ("cancel", "pause", "resume", "retry", "discard", "list", "show", "watch", "stop"),
    "dlq": ("list", "show", "retry", "discard"),
    "workers": ("list", "drain", "pause", "resume"),
    "pools": ("list", "pause", "resume", "drain"),
    "audit": ("list", "verify"),
    "db": ("migrate", "check", "roles", "prune"),
}

LOOK = """
import json, sys
from sagewai.cli.program import run
code = run(["--help"])
sys.stdout.flush()
print(json.dumps([code, sorted(sys.modules)]), file=sys.stderr)
"""


def test_the_version_is_the_packages(bare: Command) -> None:
    said = bare("--version")
    assert (said.code, said.out, said.err) == (0, f"sagewai {__version__}\n", "")


def test_help_fits_80_columns_and_documents_every_exit_code(bare: Command) -> None:
    said = bare("--help")

    assert (said.code, said.err) == (0, "")
    assert max(map(len, said.out.splitlines())) <= 80
    for code in Exit:
        assert f"\n    {code.value} " in said.out
    assert bare().out == said.out


@pytest.mark.parametrize("noun", VERBS)
def test_every_noun_names_its_verbs(inside: Inside, noun: str) -> None:
    said = inside(noun, "--help")

    listed = said.out.partition("Commands:\n")[2].splitlines()
    assert (
        tuple(line.split()[0] for line in listed if line.startswith("  ") and line[2] != " ") == VERBS[noun]
    )


def test_help_loads_no_driver_and_no_model_library() -> None:
    said = subprocess.run([sys.executable, "-c", LOOK], cwd=ROOT, capture_output=True, text=True, check=True)

    code, modules = json.loads(said.stderr)
    assert code == 0
    assert not {"apsw", "asyncpg", "litellm", "textual", "pydantic", "rich"} & set(modules)
    assert not [name for name in modules if name.startswith(("sagewai.core.stores", "sagewai.core.w"))]


def test_help_is_there_at_once(bare: Command) -> None:
    """In seconds of processor time, its children's included: what others do on the machine is not its doing."""

    def took() -> float:
        start = resource.getrusage(resource.RUSAGE_CHILDREN)
        bare("--help")
        end = resource.getrusage(resource.RUSAGE_CHILDREN)
        return end.ru_utime + end.ru_stime - start.ru_utime - start.ru_stime

    assert min(took() for _ in range(5)) <= 0.4


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["nonsense"], "No such command 'nonsense'"),
        (["runs"], "Missing command; see `sagewai runs --help`"),
        (["runs", "nonsense"], "No such command 'nonsense'"),
        (["runs", "show"], "Missing argument 'RUN'"),
        (["runs", "show", "a", "b"], "unexpected extra argument"),
        (["runs", "list", "--nonsense"], "No such option"),
        (["runs", "list", "--limit", "0"], "--limit"),
        (["runs", "list", "--limit", "many"], "--limit"),
        (["runs", "list", "--status", "resting"], "'resting' is not one of"),
        (["runs", "list", "--tag", "x"], "isn't KEY=VALUE"),
        (["runs", "priority", "r", "high"], "PRIORITY"),
        (["runs", "priority", "r", "1001"], "from -1000 to 1000"),
        (["approvals", "reject", "r"], "Missing option '--reason'"),
        (["approvals", "reject", "r", "--reason", " "], "needs a reason"),
        (["approvals", "approve", "r", "--digest", "abc123"], "isn't 64 hexadecimal characters"),
        (["submit", "greeting", "--input", "{"], "--input isn't JSON"),
        (
            ["submit", "greeting", "--input", "@nowhere.json"],
            "can't read the input file 'nowhere.json': No such file",
        ),
        (["submit", "greeting", "--input", "@."], "Is a directory"),
        (["submit", " "], "the workflow's name is blank"),
        (["submit", "greeting", "--run-id", ""], "--run-id is blank"),
        (["submit", "greeting", "--run-id", "x" * 201], "the limit is 200"),
        (["submit", "greeting", "--pool", " "], "--pool is blank"),
        (["submit", "greeting", "--label", "gpu=null"], "label 'gpu' is null"),
        (["submit", "greeting", "--priority", "-1001"], "from -1000 to 1000"),
        (["submit", "greeting", "--delay", "nan"], "'nan' is no duration"),
        (["submit", "greeting", "--delay", "9999999d"], "--delay is"),
        (["worker", "flows"], "write MODULE:NAME"),
        (["worker", "tests.cli.nowhere:flow"], "no module named 'tests.cli.nowhere'"),
        (["worker", "tests.cli.flows:nothing"], "has no 'nothing'"),
        (["worker", "tests.cli.flows:HOSTILE"], "is a str"),
        (["worker", "tests.cli.broken:flow"], "ZeroDivisionError: there is nothing here to work with"),
        (["worker", "tests.cli.leaving:flow"], "SystemExit: bye"),
        (["worker", "tests.cli.flows:made", "--label", "n=1e400"], "label 'n' holds 1e400"),
        (["worker", "tests.cli.flows:made", "--lease-ttl", "1"], "a lease must outlive its heartbeat"),
        (["worker", "tests.cli.flows:made", "--poll-interval", "nan"], "poll_interval is nan"),
        (["worker", "tests.cli.flows:made", "--max-concurrent", "0"], "max_concurrent is 0"),
    ],
    ids=lambda value: " ".join(value)[:60] if isinstance(value, list) else "",
)
def test_what_cant_be_taken_is_one_line_and_exit_code_2(
    inside: Inside, arguments: list[str], complaint: str
) -> None:
    said = inside(*arguments)

    assert complaint in said.complaint
    assert said.complaint.startswith("sagewai: ")
    assert said.code == Exit.USAGE


def test_arguments_that_are_no_text_are_refused(sagewai: Command) -> None:
    said = sagewai("runs", "show", b"run-\xff\xfe", PYTHONUTF8="1")

    assert "argument 3 isn't valid text" in said.complaint
    assert said.code == Exit.USAGE


def test_an_input_file_may_be_anything_but_utf_8(inside: Inside) -> None:
    (inside.folder / "latin.json").write_bytes('{"topic": "Fähre"}'.encode("latin-1"))
    said = inside("submit", "greeting", "--input", "@latin.json")

    assert "isn't UTF-8: byte 12" in said.complaint
    assert said.code == Exit.USAGE


def test_an_error_nobody_expected_is_one_line(sagewai: Command) -> None:
    said = full_disk(sagewai)

    assert said.complaint == (
        "sagewai: unexpected OSError: [Errno 28] No space left on device (SAGEWAI_DEBUG=1 shows the traceback)"
    )
    assert said.code == Exit.UNEXPECTED


def test_the_traceback_is_there_on_demand(sagewai: Command) -> None:
    said = full_disk(sagewai, SAGEWAI_DEBUG="1")

    assert said.err.startswith("Traceback (most recent call last):\n")
    assert said.code == Exit.UNEXPECTED


def full_disk(sagewai: Command, **env: str) -> Said:
    """A call whose stdout takes nothing."""
    with open("/dev/full", "wb") as full:
        ended = subprocess.run(
            [*PROGRAM, "--version"],
            env={**sagewai.env, **env},
            stdout=full,
            stderr=subprocess.PIPE,
            timeout=60,
        )
    return Said(ended.returncode, "", ended.stderr.decode())


def test_a_reader_that_goes_away_is_no_error(sagewai: Command) -> None:
    read, write = os.pipe()
    os.close(read)
    ended = subprocess.run(
        [*PROGRAM, "--version"], env=sagewai.env, stdout=write, stderr=subprocess.PIPE, timeout=60
    )
    os.close(write)

    assert (ended.returncode, ended.stderr) == (Exit.PIPE, b"")


def test_closed_streams_are_no_error(sagewai: Command) -> None:
    script = f"{shlex.join(PROGRAM)} --version >&- 2>&- <&-"
    assert subprocess.run(["sh", "-c", script], env=sagewai.env, timeout=60).returncode == Exit.OK


def test_a_terminal_that_isnt_utf_8_gets_escapes(sagewai: Command) -> None:
    ascii_only = {"PYTHONIOENCODING": "ascii", "PYTHONUTF8": "1"}
    submitted = sagewai("submit", "greeting", "--run-id", "日本", "--input", "{}", **ascii_only)
    assert (submitted.code, submitted.out) == (Exit.OK, "\\u65e5\\u672c\n")

    unknown = sagewai("runs", "show", "本", **ascii_only)
    assert "\\u672c" in unknown.complaint


def test_no_secret_of_a_failing_module_is_repeated(sagewai: Command) -> None:
    for env in ({}, {"SAGEWAI_DEBUG": "1"}):
        said = sagewai("worker", "tests.cli.leaky:flow", **env)
        assert "RuntimeError: can't reach postgresql://ann:[secret]@db/x" in said.err
        assert "hunter2" not in said.err
