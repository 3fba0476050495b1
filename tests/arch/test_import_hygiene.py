"""`import sagewai` is cheap, and the names it promises are all there."""

from __future__ import annotations

import ast
import json
import subprocess
import sys

import sagewai
import sagewai.errors
from tests.arch.repository import ROOT

LOOK = """
import json, sys, time
before = set(sys.modules)
start = time.perf_counter()
import sagewai
took = time.perf_counter() - start
print(json.dumps({"modules": sorted(set(sys.modules) - before), "seconds": took}))
"""


def imported_alone() -> tuple[list[str], float]:
    """The modules that `import sagewai` loads in a new interpreter, and the seconds it takes."""
    said = subprocess.run([sys.executable, "-c", LOOK], cwd=ROOT, capture_output=True, text=True, check=True)
    assert said.stderr == ""
    answer = json.loads(said.stdout)
    return answer["modules"], answer["seconds"]


def test_the_import_loads_nothing_but_itself_and_the_standard_library() -> None:
    modules, _ = imported_alone()

    foreign = {name.partition(".")[0] for name in modules} - sys.stdlib_module_names - {"sagewai"}

    assert foreign == set()
    assert [name for name in modules if name.startswith("sagewai.")] == []
    assert len(modules) <= 40


def test_the_import_takes_no_time_to_speak_of() -> None:
    assert min(imported_alone()[1] for _ in range(3)) <= 0.150


def test_every_public_name_resolves() -> None:
    missing = [name for name in sagewai.__all__ if not hasattr(sagewai, name)]
    assert missing == []


def test_an_unknown_name_is_an_attribute_error() -> None:
    assert not hasattr(sagewai, "DurableWorkfow")


def test_type_checkers_see_the_names_that_users_get() -> None:
    face = ast.parse((ROOT / "sagewai" / "__init__.py").read_text("utf-8"))
    checked = next(node for node in face.body if isinstance(node, ast.If))
    imports = [node for node in checked.body if isinstance(node, ast.ImportFrom)]
    seen = {name.asname or name.name for node in imports for name in node.names} - {"*"}
    if any(name.name == "*" for node in imports for name in node.names):
        seen |= {name for name in sagewai.__all__ if hasattr(sagewai.errors, name)}

    assert seen == set(sagewai.__all__) - {"__version__"}
