"""Every block of the README is typed in, in order, and does what the page shows."""

from __future__ import annotations

import asyncio
import contextlib
import sys
from pathlib import Path

import pytest

from tests.agents.endpoint import LoopbackModels, close_clients
from tests.postgres.server import PostgresServer
from tests.readme import page
from tests.readme.models import answer
from tests.readme.reader import Reader, same


@pytest.mark.parametrize("default_store", ["sqlite", "postgres"])
def test_the_page_reads_from_top_to_bottom(
    default_store: str,
    postgres_server: PostgresServer,
    postgres_url: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The shell and the console find their runs in ``default_store``; PostgresStore leads to a database of its own."""
    with contextlib.ExitStack() as scope:
        store_url = f"sqlite:///{tmp_path / 'runs.db'}"
        if default_store == "postgres":
            store_url = postgres_server.url(scope.enter_context(postgres_server.database()))
        read_page(store_url, postgres_url, tmp_path, monkeypatch)


def read_page(store_url: str, postgres_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SAGEWAI_STORE", store_url)
    monkeypatch.syspath_prepend(tmp_path)
    files = [
        block.text.split()[1].removesuffix(".py") for block in page.blocks("python") if block.text[0] == "#"
    ]
    for name in files:
        monkeypatch.delitem(sys.modules, name, raising=False)

    async def read() -> None:
        async with Reader(tmp_path, store_url, postgres_url) as reader:
            for block in page.blocks():
                if block.language in {"python", "console"}:
                    await reader.read(block)
        await close_clients()

    with LoopbackModels(answer) as models, models.as_environment():
        asyncio.run(read())
    for name in files:
        sys.modules.pop(name, None)


def test_every_block_is_of_a_kind_that_is_checked() -> None:
    assert {block.language for block in page.blocks()} == {"sh", "text", "python", "console"}


@pytest.mark.parametrize(
    ("printed", "expected"),
    [
        (["a", "b"], ["a", "b"]),
        (["run  1s", "at 2025-01-01 00:00:00Z"], ["run 12m", "at 2024-12-31 23:59:59Z"]),
        (["one", "two", "end"], ["…", "end"]),
        (["end"], ["…", "end"]),
        (["from here to there"], ["from … there"]),
    ],
)
def test_what_may_differ_is_the_same(printed: list[str], expected: list[str]) -> None:
    assert same(printed, expected)


@pytest.mark.parametrize(
    ("printed", "expected"),
    [
        (["a"], ["b"]),
        (["a", "b"], ["a"]),
        (["a"], ["a", "b"]),
        (["a"], []),
        (["end", "more"], ["…", "end"]),
        (["2/3"], ["3/3"]),
    ],
)
def test_what_must_not_differ_is_noticed(printed: list[str], expected: list[str]) -> None:
    assert not same(printed, expected)
