"""What the README names exists: commands, options, exit codes, keys, classes, files. What matters isn't left out."""

from __future__ import annotations

import contextlib
import io
import re
import subprocess
import sys
import tomllib
from collections.abc import Mapping

import pytest
from textual.binding import Binding

import sagewai
from sagewai.cli.exits import Exit
from sagewai.cli.program import run
from tests.bench.__main__ import options as options_of_the_bench
from tests.readme import page
from tests.readme.page import ROOT
from tui.app import ConsoleApp
from tui.screens.approvals import ApprovalsScreen
from tui.screens.dead_letters import DeadLettersScreen
from tui.screens.overview import OverviewScreen
from tui.screens.run import RunScreen
from tui.screens.runs import RunsScreen
from tui.screens.workers import WorkersScreen
from tui.widgets.table import Table

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
CODE = re.compile(r"`([^`\n]+)`")
FOREIGN_NAMES = {"SecretStr"}
"""Names in the README that are pydantic's, not ours."""


def helped(*words: str) -> str:
    """What `sagewai WORDS --help` prints."""
    said = io.StringIO()
    with contextlib.redirect_stdout(said):
        assert run([*words, "--help"]) == Exit.OK
    return said.getvalue()


def console_help() -> str:
    command = [sys.executable, "-m", "tui", "--help"]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60, check=True).stdout


def verbs_in(help_text: str) -> set[str]:
    _, _, listed = help_text.partition("\nCommands:\n")
    return set(re.findall(r"^  ([a-z][a-z-]*)(?:\s|$)", listed.partition("\n\n")[0], re.MULTILINE))


@pytest.fixture(scope="module")
def nouns() -> Mapping[str, set[str]]:
    """Each command's verbs by --help; none for a command that has no verbs."""
    return {noun: verbs_in(helped(noun)) for noun in verbs_in(helped())}


# -- the two commands for a bare machine ------------------------------------------------------------------------------


def test_the_bare_machine_commands_are_the_main_one_and_the_gates_own() -> None:
    main, tests = (block.text.strip() for block in page.blocks("sh"))

    assert main == "python3 -m venv .venv && .venv/bin/pip install -q . && .venv/bin/sagewai-tui --demo"
    assert tests == "python3 -m venv .venv && .venv/bin/pip install -q -e '.[dev]' && .venv/bin/pytest -q"
    steps = [line for line in (ROOT / ".ci" / "run").read_text().splitlines() if line.startswith("step ")]
    last_step = [line for line in steps if "pytest" in line]
    assert len(last_step) == 1
    assert last_step[0].endswith(f' bash -c "{tests}"')


def test_what_these_commands_name_exists() -> None:
    assert "sagewai-tui" in PROJECT["scripts"]
    assert "dev" in PROJECT["optional-dependencies"]
    assert "--demo" in console_help()


def test_the_versions_of_python_are_those_of_the_project() -> None:
    listed = [line.rpartition(" ")[2] for line in PROJECT["classifiers"] if "Python :: 3." in line]
    assert f"Python {listed[0]} to {listed[-1]}" in page.prose()
    assert PROJECT["requires-python"] == f">={listed[0]}"


# -- the command line -------------------------------------------------------------------------------------------------


def test_the_table_of_commands_holds_every_noun_and_every_verb(nouns: Mapping[str, set[str]]) -> None:
    told: dict[str, set[str]] = {}
    for name, *rest in page.rows("On the command line"):
        if name.startswith("`"):
            noun, *arguments = CODE.findall(name)[0].split()
            told[noun] = set() if arguments else set(CODE.findall(rest[0]))
    assert told == dict(nouns)


def test_every_command_in_the_text_exists(nouns: Mapping[str, set[str]]) -> None:
    named = [code.split() for code in CODE.findall(page.prose()) if re.match(r"sagewai [a-z]", code)]
    assert len(named) > 3
    for _, noun, *rest in named:
        assert noun in nouns, f"sagewai {noun}"
        if nouns[noun]:
            assert rest[0] in nouns[noun], f"sagewai {noun} {rest[0]}"


def test_every_option_in_the_text_exists(nouns: Mapping[str, set[str]]) -> None:
    known = console_help() + helped() + options_of_the_bench().format_help()
    for noun, verbs in nouns.items():
        known += helped(noun)
        for verb in verbs:
            known += helped(noun, verb)
    options = set(re.findall(r"(?<![\w-])--[a-z][a-z-]+", page.prose()))
    assert {option for option in options if not re.search(rf"{option}(?![\w-])", known)} <= {
        "--strict",
        "--faults",
        "--faults-seed",
    }


def test_the_exit_codes_are_the_programs() -> None:
    told = {
        int(code)
        for cells in page.rows("On the command line")
        if cells[0][0].isdigit()
        for code in cells[0].split(", ")
    }
    assert told == set(map(int, Exit))


# -- the console ------------------------------------------------------------------------------------------------------


def test_the_table_of_keys_holds_the_keys_that_are_bound() -> None:
    signs = {
        "slash": "/",
        "left_square_bracket": "[",
        "right_square_bracket": "]",
        "colon": ":",
        "question_mark": "?",
        "plus": "+",
        "minus": "-",
    }
    spelled = {**signs, "escape": "esc"}
    homes = (
        ConsoleApp,
        RunsScreen,
        RunScreen,
        ApprovalsScreen,
        WorkersScreen,
        DeadLettersScreen,
        OverviewScreen,
        Table,
    )
    bound = {
        spelled.get(key, key)
        for home in homes
        for binding in home.BINDINGS
        if isinstance(binding, Binding)
        for key in binding.key.split(",")
    }
    told = {
        key for cells in page.rows("The console") for code in CODE.findall(cells[0]) for key in code.split()
    }
    assert told - bound == set()
    letters = {key for key in bound if len(key) == 1 and key not in "hjklgG!"}
    assert letters - told == set()


# -- names and places -------------------------------------------------------------------------------------------------


def test_every_class_in_the_text_is_public() -> None:
    classes = {
        name
        for code in CODE.findall(page.prose())
        for name in re.findall(r"(?<![\w./-])([A-Z][a-z]+(?:[A-Z]+[a-z]*)+|SQLiteStore)(?=$|[\s(])", code)
    }
    assert len(classes) > 10
    assert classes - FOREIGN_NAMES - set(sagewai.__all__) == set()


def test_every_file_and_folder_in_the_text_exists() -> None:
    paths = re.findall(r"(?<![\w/.-])((?:tests|sagewai|tui|\.github|\.ci)/[\w./-]+)", page.prose())
    assert len(paths) > 15
    assert [path for path in paths if not (ROOT / path).exists()] == []


def test_every_promise_is_told_with_its_tests() -> None:
    promises = page.rows("Promises")
    assert [cells[0] for cells in promises] == [f"P{number}" for number in range(1, 11)]
    assert all(CODE.findall(cells[-1]) for cells in promises)


def test_nothing_in_the_page_is_left_to_be_filled_in() -> None:
    assert re.findall(r"@[A-Z_]+@", page.text()) == []


def test_the_page_is_short_enough_to_be_read() -> None:
    assert len(page.text().splitlines()) <= 760
