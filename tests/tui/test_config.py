"""The configuration: what it may hold, what is refused on which line, who may write it, and which options come out."""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from tests.tui.test_text import assert_harmless
from tui import keymap
from tui.__main__ import THEMES, parser
from tui.config import choosing
from tui.config.choosing import ChoiceRefused
from tui.config.command import EXAMPLE
from tui.config.definition import COLOURS, definition
from tui.config.files import ConfigError, load
from tui.config.lines import line_of
from tui.config.reading import Config, Problem, read
from tui.format import Role, context_role
from tui.homes import homes
from tui.theme import PALETTES

WHOLE = """
[defaults]
interval = 5
theme = "light"
ascii = true
context = "dev"

[context.prod]
lock_after = "10m"
store = "postgresql://ops@db1/sagewai"
colour = "red"
read_only = true
lean = true

[context.dev]
store = "sqlite:///dev.db"
worker = "flows:all"
local = ["flows:all x2"]
pool = "gpu"

[keys]
approve = "A"
pause = ["&", "f9"]

[views]
mine = "status:wait wf:content*"
"""


def reading(text: str) -> tuple[Config, tuple[Problem, ...]]:
    return read(text, definition(parser()))


def chosen(
    config: Config, *argv: str, environ: dict[str, str] | None = None, switched: str | None = None
) -> Any:
    return choosing.options(parser(), argv, config, environ or {}, switched=switched)


# -- reading ----------------------------------------------------------------------------------------------------------


def test_a_whole_file_is_read_as_the_command_line_would_be() -> None:
    config, problems = reading(WHOLE)
    assert problems == ()
    assert config.defaults == {"interval": 5.0, "theme": "light", "ascii": True, "context": "dev"}
    assert config.contexts["dev"]["local"] == ["flows:all x2"]
    assert config.keys == {"approve": ["A"], "pause": ["&", "f9"]}
    assert config.views == {"mine": "status:wait wf:content*"}


@pytest.mark.parametrize(
    ("text", "line", "says"),
    [
        ("\n[defalts]\n", 2, "did you mean 'defaults'?"),
        ("[defaults]\n\nread-only = true", 3, "nothing is called 'read-only' in [defaults]"),
        ("[defaults]\nthem = 'x'", 2, "did you mean 'theme'?"),
        ("[defaults]\ntheme = 'pink'", 2, "one of dark, light, ansi, plain"),
        ("[defaults]\ninterval = 0.1", 2, "0.5 to 3600"),
        ("[defaults]\ninterval = '5'", 2, "must be a number"),
        ("[defaults]\nascii = 1", 2, "true or false"),
        ("[defaults]\nlock_after = 300", 2, "must be text"),
        ("[defaults]\nlock_after = '5 minutes'", 2, "write 10m"),
        ("[defaults]\nnotify = 'loud'", 2, "one of off, bell"),
        ("[defaults]\ncontext = 'prod'", 2, "no context is called 'prod'"),
        ("[defaults]\nstore = 'memory://'", 2, "nothing is called 'store'"),
        ("x = 1", 1, "nothing is called 'x' at the top level"),
        ("defaults = 3", 1, "is a table: write [defaults]"),
        ("[context]\nprod = 'x'", 2, "is a table: write [context.prod]"),
        ("[context.prod]\ncolour = 'red'", 1, "names no store"),
        ("[context.prod]\nstore = 'memory://'\ncolor = 'red'", 3, "did you mean 'colour'?"),
        ("[context.prod]\nstore = 'memory://'\ncolour = 'pink'", 3, "one of red, yellow"),
        ("[context.prod]\nstore = 'memory://'\nlocal = 'a:b'", 3, "a list of texts"),
        ('[context."a b"]\nstore = "memory://"', 1, "can't be a name"),
        ("[keys]\napprove = []", 2, "must be a key"),
        ("[views]\n\n\nmine = 'colour:red'", 4, "no filter is called 'colour'"),
        ("[views]\nmine = 3", 2, "must be a filter"),
        ("[views]\nmine = [\n  'a',\n  'b',\n]", 2, "must be a filter"),
        ("[defaults]\ntheme = ", 2, "this isn't TOML"),
        ("[defaults]\ntheme = 'dark'\ntheme = 'light'", 3, "this isn't TOML"),
        ("[views]\nmine = [1,\n", 2, "this isn't TOML"),
        ('[context.prod]\nstore = "memory://\\u001b]0;owned\\u0007"', 2, "can't be seen"),
    ],
)
def test_what_is_wrong_is_named_with_its_line_and_what_would_do(text: str, line: int, says: str) -> None:
    _, problems = reading(text)
    assert [(problem.line, says in problem.text) for problem in problems] == [(line, True)], problems


def test_a_line_is_found_behind_values_of_many_lines() -> None:
    text = '# a comment\na = [\n  1,\n]\nb = """\n[c]\nd = 1\n"""\n[c] # here\n\nd = 2\n'
    assert line_of(text, ("a",)) == 2
    assert line_of(text, ("b",)) == 5
    assert line_of(text, ("c",)) == 9
    assert line_of(text, ("c", "d")) == 11
    assert line_of(text, ("e",)) == 1


def test_everything_that_is_wrong_is_said_at_once_and_harms_no_terminal(tmp_path: Path) -> None:
    file = tmp_path / "tui.toml"
    file.write_text('[defaults]\nx = 1\n[views]\n"\\u001b]0;owned\\u0007[@click=app.quit]x" = "a"\n')
    with pytest.raises(ConfigError) as caught:
        load(file, definition(parser()), must_exist=True)
    lines = caught.value.lines()
    assert [line.removeprefix(f"{file}:").partition(":")[0] for line in lines] == ["2", "4"]
    for line in lines:
        assert_harmless(line)


# -- one definition ---------------------------------------------------------------------------------------------------


def test_the_schema_says_of_a_file_what_the_reader_says() -> None:
    import tomllib

    schema = definition(parser()).schema(["approve", "pause"])
    validator = jsonschema.Draft202012Validator(schema)
    validator.check_schema(schema)
    assert list(validator.iter_errors(tomllib.loads(WHOLE))) == []
    for wrong in ("[defaults]\nthem = 'x'", "[defaults]\ntheme = 'pink'", "[keys]\nnope = 'A'", "[x]"):
        assert list(validator.iter_errors(tomllib.loads(wrong))) != []


def test_every_option_that_stays_can_be_a_default_by_its_name() -> None:
    known = definition(parser())
    gone = {"help", "screen", "run_id", "demo", "config"}
    options = {action.dest for action in parser()._actions} - gone
    assert set(known.context) == options - {"context"} | {"colour"}
    assert set(known.defaults) == options - {"store", "worker_store", "worker", "local", "pool", "read_only"}


def test_colours_and_themes_are_those_that_can_be_drawn() -> None:
    assert set(THEMES) == set(PALETTES)
    for palette in PALETTES.values():
        assert set(palette.roles) == set(Role)
        assert len({palette.roles[context_role(colour)] for colour in COLOURS}) == len(COLOURS)


# -- who may read and write it ----------------------------------------------------------------------------------------

PASSWORD = '[context.prod]\nstore = "postgresql://ops:hunter2@db1/sagewai"\n'


@pytest.mark.parametrize(
    ("mode", "text", "says"),
    [
        (0o600, PASSWORD, ""),
        (
            0o640,
            PASSWORD,
            "2: 'store' holds a password, and others can read this file (mode 0640): chmod 600",
        ),
        (0o644, WHOLE, ""),
        (0o666, WHOLE, "1: others can write this file (mode 0666)"),
    ],
)
def test_what_others_can_read_holds_no_password_and_what_they_can_write_is_not_trusted(
    tmp_path: Path, mode: int, text: str, says: str
) -> None:
    file = tmp_path / "tui.toml"
    file.write_text(text)
    file.chmod(mode)
    try:
        load(file, definition(parser()), must_exist=True)
        said = ""
    except ConfigError as error:
        said = "\n".join(error.lines())
    assert (says in said) if says else said == ""
    assert "hunter2" not in said


def test_a_file_that_was_asked_for_must_be_one(tmp_path: Path) -> None:
    known = definition(parser())
    assert load(tmp_path / "none.toml", known, must_exist=False) == Config()
    with pytest.raises(ConfigError):
        load(tmp_path / "none.toml", known, must_exist=True)
    with pytest.raises(ConfigError):
        load(tmp_path, known, must_exist=False)
    (tmp_path / "latin.toml").write_bytes(b"[views]\nx = '\xe4'")
    with pytest.raises(ConfigError) as caught:
        load(tmp_path / "latin.toml", known, must_exist=True)
    assert caught.value.problems == [Problem(2, "this isn't UTF-8")]


# -- choosing ---------------------------------------------------------------------------------------------------------


def test_the_command_line_goes_before_the_context_and_that_before_the_defaults() -> None:
    config, _ = reading(WHOLE)
    prod = chosen(config, "--context", "prod", "--theme", "dark")
    assert (prod.context, prod.store, prod.colour) == ("prod", "postgresql://ops@db1/sagewai", "red")
    assert (prod.theme, prod.interval, prod.lean, prod.read_only) == ("dark", 5.0, True, True)
    assert prod.lock_after == 600
    dev = chosen(config, "--local", "more:all")
    assert (dev.context, dev.worker, dev.local) == ("dev", "flows:all", ["flows:all x2", "more:all"])
    assert parser().parse_args([]).theme is None  # what was set for one call is gone after it


def test_a_store_that_was_named_more_closely_goes_before_the_default_context() -> None:
    config, _ = reading(WHOLE)
    assert chosen(config, "--store", "memory://").context is None
    assert chosen(config, environ={"SAGEWAI_STORE": "memory://"}).context is None
    assert chosen(config, "--demo").context is None
    for option in (["--store", "memory://"], ["--demo"]):
        with pytest.raises(ChoiceRefused, match="name two stores"):
            chosen(config, "--context", "prod", *option)
    with pytest.raises(ChoiceRefused, match="use dev, prod"):
        chosen(config, "--context", "test")


def test_a_context_that_is_changed_to_brings_its_own_store_and_workers() -> None:
    config, _ = reading(WHOLE)
    argv = ("--store", "memory://", "--worker", "a:b", "--pool", "bank", "--theme", "ansi", "--read-only")
    dev = chosen(config, *argv, switched="dev")
    assert (dev.store, dev.worker, dev.pool, dev.theme) == ("sqlite:///dev.db", "flows:all", "gpu", "ansi")
    assert dev.read_only  # what keeps from writing isn't undone by a change of context
    assert (prod := chosen(config, *argv, switched="prod")).worker is None
    assert choosing.conflict(prod) == ""


def test_options_that_go_ill_together_are_named() -> None:
    odd = argparse.Namespace(read_only=True, worker="a:b", local=[], worker_store=None, pool=None)
    assert "--worker-store" in choosing.conflict(odd)


# -- the program ------------------------------------------------------------------------------------------------------


def test_config_check_names_each_line_and_config_reads_without_what_draws(tmp_path: Path) -> None:
    """One process for all of it: starting Python costs more than what is tried."""
    good, bad = tmp_path / "good.toml", tmp_path / "bad.toml"
    good.write_text(WHOLE)
    bad.write_text(
        "[context.prod]\nstore = 'nope://x'\n[context.dev]\nstore = 'memory://'\npool = 'p'\n"
        "[keys]\naprove = 'A'\nreject = 'r'\n[defaults]\nx = 1\n"
    )
    script = f"""
import sys
from tui.__main__ import _chosen, main, parser
config, options = _chosen(parser(), ["--config", {str(good)!r}, "--context", "prod"])
assert options.read_only
heavy = {{"textual", "pydantic", "asyncpg", "apsw", "jsonschema", "litellm"}} & set(sys.modules)
assert not heavy, heavy
assert main(["config", "check", {str(good)!r}]) == 0
assert main(["config", "check", {str(bad)!r}]) == 2
assert main(["config", "path"]) == 0
assert main(["config", "schema"]) == 0
"""
    environ = {"SAGEWAI_TUI_CONFIG": str(good), "PATH": "", "HOME": str(tmp_path)}
    ran = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, env=environ, timeout=60
    )
    assert ran.returncode == 0, ran.stderr
    first, path, schema = ran.stdout.split("\n", 2)
    assert first == f"{good}: contexts 2, keys 2, views 1"
    assert path == str(good)
    assert json.loads(schema)["properties"]["keys"]["propertyNames"]["enum"]
    said = ran.stderr.replace(f"{bad}:", "").splitlines()
    assert [line.partition(":")[0] for line in said] == ["2", "3", "7", "8", "10"]
    assert "no store speaks 'nope'" in said[0]
    assert "--pool is the pool of" in said[1]
    assert "did you mean 'approve'?" in said[2]
    assert "r is 'retry' on runs" in said[3]


def test_the_configuration_that_the_help_shows_is_a_good_one() -> None:
    config, problems = reading(EXAMPLE)
    assert problems == ()
    assert dict(keymap.problems(config.keys, homes())) == {}
    assert config.contexts["prod"]["read_only"]
