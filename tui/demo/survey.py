"""The workflow `survey`: counts, hashes and cross-checks a folder of texts. No model, no waiting: it just moves."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import AsyncIterator
from pathlib import Path

from sagewai import DurableWorkflow
from tui.demo import texts

PAUSE = 0.4
"""Seconds between two files. A few short files would be read in a blink; this way a person can follow."""

survey = DurableWorkflow(name="survey")


@survey.step("files")
def find_files(folder: str) -> list[str]:
    return sorted(path.name for path in Path(folder).glob("*.md"))


@survey.step("words")
async def count_words(files: list[str], folder: str, pause: float = PAUSE) -> dict[str, int]:
    return {name: len(texts.words(text)) async for name, text in _read(folder, files, pause)}


@survey.step("checksums")
async def checksums(
    words: dict[str, int], folder: str, files: list[str], pause: float = PAUSE
) -> dict[str, str]:
    return {
        name: hashlib.sha256(text.encode()).hexdigest() async for name, text in _read(folder, files, pause)
    }


@survey.step("links")
async def check_links(
    checksums: dict[str, str], folder: str, files: list[str], pause: float = PAUSE
) -> list[str]:
    return texts.dangling_links({name: text async for name, text in _read(folder, files, pause)})


@survey.step("report")
async def report(dangling: list[str], words: dict[str, int], checksums: dict[str, str]) -> dict[str, object]:
    return {
        "files": len(words),
        "words": sum(words.values()),
        "longest": max(words, key=lambda name: words[name], default=""),
        "fingerprint": hashlib.sha256("".join(checksums.values()).encode()).hexdigest()[:16],
        "dangling_links": dangling,
    }


async def _read(folder: str, names: list[str], pause: float) -> AsyncIterator[tuple[str, str]]:
    for name in names:
        await asyncio.sleep(pause)
        yield name, await asyncio.to_thread((Path(folder) / name).read_text, encoding="utf-8")
