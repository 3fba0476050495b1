"""Where a text names a key it is the operator's own: in the source, and on every screen with every key changed."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Sequence
from pathlib import Path

from textual.keys import format_key

from sagewai.core import commands
from sagewai.models.actor import Actor
from tests.tui.drive import Drive, driving
from tests.tui.stage import Stage
from tests.tui.test_triage_screen import EDITABLE, REFUND, ask_again, edit_to
from tui import keymap
from tui.habits import Habits
from tui.homes import homes
from tui.keymap import Keymap

TUI = Path(__file__).parents[2] / "tui"
BOB = Actor("bob@ops2", source="cli", assurance="os")
KNOWN = keymap.named(homes())
BINDINGS = [binding for home in homes() for binding in home.bindings]
UNNAMED = {key for binding in BINDINGS if binding.id is None for key in binding.key.split(",")}
"""Keys that can't be changed: those that move a cursor."""

CHOSEN = {name: f"f{number}" for number, name in enumerate(KNOWN, 21)}

ALONE = re.compile(r"(?<![^\s(,;:])(?:[B-HJ-Zb-z]|a(?= (?:approves|decides))|[!?](?= ))(?=[\s,;:.)]|\Z)")
"""A letter by itself, but for English words, and the signs that are keys."""

FIXED = re.compile(r"(?:\A|\d) ?[sB]\b|others need y")
"""Seconds, bytes, and the yes that a question takes whatever the keys are."""


def named_in(text: str) -> set[str]:
    """The keys that could be changed, and are named all the same."""
    return set(ALONE.findall(FIXED.sub("", text))) - UNNAMED


# -- the source -------------------------------------------------------------------------------------------------------


def texts(tree: ast.AST) -> Iterator[str]:
    """What may be shown: string constants of several words, but for docstrings and what bindings are called."""
    told: set[int] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
            told.add(id(node.value))
        elif (
            isinstance(node, ast.Call)
            and isinstance(node.func, ast.Name)
            and node.func.id in {"key", "Binding"}
        ):
            told |= {id(each) for each in ast.walk(node)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in told:
            yield from [node.value] if " " in node.value.strip() else []


def test_no_text_names_a_key_by_itself() -> None:
    found = {
        f"{path.relative_to(TUI)}: {text.strip()}"
        for path in TUI.rglob("*.py")
        if path.name not in {"__main__.py", "own_editor.py"} and "config" not in path.parts
        for text in texts(ast.parse(path.read_text()))
        if named_in(text)
    }
    assert found == set()


def test_the_key_that_a_text_names_where_none_was_chosen_is_the_actions_own() -> None:
    asked: dict[str, set[str]] = {}
    for path in TUI.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            for name, key in _pairs(node):
                asked.setdefault(name, set()).add(key)
    assert len(asked) > 20
    own: dict[str, set[str]] = {}
    for binding in BINDINGS:
        keys = binding.key.split(",")
        own.setdefault(binding.id or "", set()).update(keys, map(format_key, keys))
    for name, named in asked.items():
        assert named <= own[name], name


def _pairs(node: ast.AST) -> Iterator[tuple[str, str]]:
    """An action's name with a key, as the keymap is asked, at once or with several in turn."""
    pair: Sequence[ast.expr] = ()
    if (
        isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr in {"of", "line"}
    ):
        pair = node.args[:2]
    elif isinstance(node, ast.Tuple) and len(node.elts) == 2:
        pair = node.elts
    match [each.value if isinstance(each, ast.Constant) else None for each in pair]:
        case [str(name), str(key)] if name in KNOWN and key not in KNOWN and len(key) <= len("right"):
            yield name, key


# -- the screens ------------------------------------------------------------------------------------------------------


class Walk:
    """A console all of whose keys were changed, and what it has shown."""

    def __init__(self, drive: Drive) -> None:
        self.drive = drive

    async def sees(self, *actions: str, wanted: str = "") -> None:
        """After these actions, and when ``wanted`` shows, no key is named that does nothing any more."""
        await self.drive.press(*(CHOSEN.get(action, action) for action in actions))
        await self.drive.shows(wanted)
        for line in self.drive.text.split("\n"):
            assert not named_in(line), line


async def test_with_every_key_changed_no_screen_names_one_that_does_nothing(night: Stage) -> None:
    await night.submit("held-run")
    await night.running("edited", done=2)
    await night.ask("edited", "Refund it?", REFUND, policy=EDITABLE)
    await night.running("asks-anew", done=2)
    await night.ask("asks-anew", "Refund it?", REFUND)
    habits = Habits(keymap=Keymap({name: (key,) for name, key in CHOSEN.items()}))
    async with driving(night.store, habits=habits) as drive:
        walk = Walk(drive)
        await walk.sees(wanted="held-run")
        await walk.sees("compare", wanted=f"then {CHOSEN['compare']}")
        await walk.sees("rest", wanted=f"{CHOSEN['rest']} looks again")
        await walk.sees("rest", "help", wanted="keys: runs")
        await walk.sees("end", wanted=f"{CHOSEN['command']} bulk retry")
        await walk.sees("escape", "jobs", wanted=f"{CHOSEN['command']} bulk retry")
        await walk.sees("escape", "filter", wanted="show only")
        await walk.sees("escape", "dlq", wanted="dead letters")
        await walk.sees("group", wanted=f"{CHOSEN['discard']} discards them")
        await walk.sees("overview", "stop", wanted=f"{CHOSEN['stop']} stops a bulk job")
        await walk.sees("workers", wanted="pools")
        await walk.sees("approvals", wanted="approvals waiting")
        await commands.pause(night.store, "held-run", actor=BOB)
        drive.app.open_by_text("held-run")
        await walk.sees(wanted=f"{CHOSEN['next-step']} one step")
        await review(walk, night)
        drive.app.lock()
        await walk.sees(wanted="locked")
        await drive.press("enter")
        await walk.sees(wanted=f"{CHOSEN['command']} unlock")


async def review(walk: Walk, night: Stage) -> None:
    """Cards of all kinds: to be edited, edited, superseded, compared, snoozed."""
    drive = walk.drive
    await walk.sees("approvals", "filter")
    await drive.type("edited")
    await walk.sees("enter", wanted=f"{CHOSEN['edit']} edits it")
    await drive.press(CHOSEN["edit"])
    await edit_to(drive, '{"to": "Ada", "cents": 1}')
    await walk.sees(wanted=f"then {CHOSEN['approve']} approves it")
    await walk.sees(wanted=f"{CHOSEN['edit']} goes on")
    await walk.sees("escape", "snooze", wanted="for everybody")
    await walk.sees("enter", wanted="back at")
    await walk.sees("escape", wanted=f"snoozed: {CHOSEN['filter']} snoozed")
    await drive.press(CHOSEN["filter"])
    await drive.type("asks-anew")
    await walk.sees("enter", wanted="asks-anew")
    await ask_again(night, "asks-anew", {"to": "Ada", "cents": 9900})
    await walk.sees(wanted=f"{CHOSEN['next']} opens it")
    await walk.sees("next", "compare", wanted=f"{CHOSEN['compare']} shows the whole content")
