"""The demo's scratch folder: the store, the shipped files and everything written, gone when the demo ends."""

from __future__ import annotations

import shutil
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

SHIPPED = Path(__file__).parent / "files"
PREFIX = "sagewai-demo-"
PATIENCE = 3.0
"""Seconds in which a folder that somebody still writes to must become empty."""


@dataclass(frozen=True, slots=True)
class Scratch:
    """Where things lie in one scratch folder."""

    folder: Path

    @property
    def store_url(self) -> str:
        return f"sqlite:///{quote(str(self.folder / 'runs.db'))}"

    @property
    def texts(self) -> Path:
        return self.folder / "texts"

    @property
    def orders(self) -> Path:
        """The lists as the supply office has them."""
        return self.folder / "orders"

    @property
    def spool(self) -> Path:
        """Where lists are delivered to."""
        return self.folder / "spool"

    @property
    def published(self) -> Path:
        return self.folder / "published"

    @property
    def worker_log(self) -> Path:
        return self.folder / "worker.log"


def make() -> Scratch:
    """A new folder that only this user can read, with a copy of the shipped files."""
    scratch = Scratch(Path(tempfile.mkdtemp(prefix=PREFIX)))
    for shipped in (SHIPPED / "texts", SHIPPED / "orders"):
        shutil.copytree(shipped, scratch.folder / shipped.name, copy_function=shutil.copyfile)
    scratch.spool.mkdir()
    scratch.published.mkdir()
    return scratch


def remove(scratch: Scratch) -> None:
    """Remove the folder and all that is in it, though a process that is just ending may still write there."""
    if not scratch.folder.name.startswith(PREFIX):
        raise ValueError(f"{scratch.folder} is no scratch folder of the demo")
    until = time.monotonic() + PATIENCE
    while scratch.folder.exists():
        shutil.rmtree(scratch.folder, ignore_errors=True)
        if time.monotonic() > until:
            return
        if scratch.folder.exists():
            time.sleep(0.05)
