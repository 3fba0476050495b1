"""What a user gets: two packages, their data files, two commands, one version."""

from __future__ import annotations

import tomllib
import zipfile
from collections.abc import Iterator
from email.parser import Parser
from importlib import import_module

import pytest
from hatchling.builders.wheel import WheelBuilder

import sagewai
from tests.arch.repository import ROOT, source_files

COMMANDS = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]["scripts"]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Iterator[zipfile.ZipFile]:
    folder = tmp_path_factory.mktemp("wheel")
    (built,) = WheelBuilder(str(ROOT)).build(directory=str(folder), versions=["standard"])
    with zipfile.ZipFile(built) as opened:
        yield opened


def test_the_wheel_holds_both_packages_whole_and_nothing_else(wheel: zipfile.ZipFile) -> None:
    packed = {name for name in wheel.namelist() if ".dist-info/" not in name}

    assert packed == {path.relative_to(ROOT).as_posix() for path in source_files()}
    assert {"sagewai/py.typed", "tui/py.typed"} <= packed


def test_the_wheel_carries_the_licence_and_the_version_of_the_code(wheel: zipfile.ZipFile) -> None:
    papers = f"sagewai-{sagewai.__version__}.dist-info"
    described = Parser().parsestr(wheel.read(f"{papers}/METADATA").decode())

    assert f"{papers}/licenses/LICENSE" in wheel.namelist()
    assert described["License-Expression"] == "Apache-2.0"
    assert described["Version"] == sagewai.__version__


@pytest.mark.parametrize("command", ["sagewai", "sagewai-tui"])
def test_each_command_leads_to_a_function(command: str) -> None:
    module, _, name = COMMANDS[command].partition(":")
    assert callable(getattr(import_module(module), name))
