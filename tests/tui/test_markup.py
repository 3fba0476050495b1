"""Data never reaches a place where Textual reads markup: there `[@click=…]` would be an action, not text."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

import tui

SINKS = {
    *(
        "notify",
        "Static",
        "Label",
        "Button",
        "Markdown",
        "Header",
        "Footer",
        "OptionList",
        "Option",
        "DataTable",
    ),
    *(
        "RichLog",
        "Log",
        "Toast",
        "Tree",
        "Tabs",
        "Tab",
        "TabPane",
        "Checkbox",
        "Select",
        "Rule",
        "Link",
        "Digits",
    ),
    *("from_markup", "SystemCommand", "markup", "render_markup", "Placeholder", "Tooltip", "print_markup"),
}
"""Calls whose texts Textual or Rich would read as markup."""

SLOTS = {"border_title", "border_subtitle", "tooltip", "placeholder", "sub_title", "help_text"}
"""Attributes and arguments with the same trap."""


def dynamic_markup(source: str) -> list[int]:
    """Lines on which something that isn't a literal could be read as markup."""
    found = []
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Call):
            name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
            texts = node.args[:2] if name == "SystemCommand" else node.args
            if name in SINKS and not all(isinstance(text, ast.Constant) for text in texts):
                found.append(node.lineno)
            for keyword in node.keywords:
                if keyword.arg in SLOTS and not isinstance(keyword.value, ast.Constant):
                    found.append(node.lineno)
                if keyword.arg == "markup" and not (
                    isinstance(keyword.value, ast.Constant) and keyword.value.value is False
                ):
                    found.append(node.lineno)
        if isinstance(node, ast.Assign | ast.AnnAssign | ast.AugAssign):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            for target in targets:
                name = target.attr if isinstance(target, ast.Attribute) else ""
                if name in SLOTS and not isinstance(node.value, ast.Constant):
                    found.append(node.lineno)
    return found


FILES = sorted(Path(tui.__file__).parent.rglob("*.py"))


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(Path(tui.__file__).parent)))
def test_no_dynamic_text_is_read_as_markup(path: Path) -> None:
    assert dynamic_markup(path.read_text(encoding="utf-8")) == []


@pytest.mark.parametrize(
    "source",
    [
        "self.notify(f'run {run_id}')",
        "yield Static(row.text)",
        "Label(name)",
        "widget.border_title = run_id",
        "Text.from_markup(text)",
        "Input(placeholder=name)",
        "console.print(text, markup=True)",
        "yield SystemCommand(run_id, 'help', action)",
    ],
)
def test_the_check_sees_what_it_is_for(source: str) -> None:
    assert dynamic_markup(source) == [1]


def test_literals_are_fine() -> None:
    assert dynamic_markup("self.notify('saved'); widget.border_title = 'keys'; Static('x')") == []
