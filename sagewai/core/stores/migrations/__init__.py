"""The schema's history: numbered SQL files per database, listed with their checksums.

A file is ``<kind>/NNNN_name.sql``, numbered from 1 without gaps, and never edited once released. Its first
line says ``-- min_code: N``: code that knows the files up to N still works with the schema this file leaves.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from importlib import resources
from typing import Literal

_FILE = re.compile(r"(\d{4})_(\w+)\.sql")
_MIN_CODE = re.compile(r"-- min_code: (\d+)\n")


@dataclass(frozen=True, slots=True)
class Migration:
    """One file. ``checksum`` is the SHA-256 (hex) of its bytes, ``min_code`` what its first line says."""

    number: int
    name: str
    sql: str
    checksum: str
    min_code: int


def migrations(kind: Literal["sqlite", "postgres"]) -> tuple[Migration, ...]:
    """Every migration of one kind of database, in order."""
    found = []
    for entry in resources.files(__name__).joinpath(kind).iterdir():
        if (match := _FILE.fullmatch(entry.name)) is None:
            continue
        raw = entry.read_bytes()
        sql = raw.decode()
        head = _MIN_CODE.match(sql)
        if head is None:
            raise ValueError(f"migration {kind}/{entry.name} must begin with the line '-- min_code: N'")
        found.append(
            Migration(
                number=int(match[1]),
                name=match[2],
                sql=sql,
                checksum=hashlib.sha256(raw).hexdigest(),
                min_code=int(head[1]),
            )
        )
    found.sort(key=lambda migration: migration.number)
    if [migration.number for migration in found] != list(range(1, len(found) + 1)):
        raise ValueError(f"migrations of {kind} must be numbered from 1 without gaps")
    return tuple(found)
