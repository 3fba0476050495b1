"""When this account looked at a store before: kept in a small file, so that what is new since can be told."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime, timedelta
from pathlib import Path

AWAY = timedelta(minutes=10)
"""Without a key for so long, a console that stays open isn't looked at: what comes meanwhile is new."""

_KEPT_EVERY = timedelta(minutes=1)


def file_of(place: str, actor: str) -> Path:
    """Where one actor's looks at one store are kept; ``XDG_STATE_HOME`` moves it. Its name tells neither."""
    from platformdirs import user_state_path

    name = hashlib.sha256(f"{place}\n{actor}".encode("utf-8", "surrogateescape")).hexdigest()[:32]
    return user_state_path("sagewai", appauthor=False) / "looks" / name


class LastLook:
    """``before`` is the end of the look before this one; None for the first. ``path`` None keeps nothing; a file that
    can't be read or written is as none."""

    def __init__(self, path: Path | None, now: Callable[[], datetime]) -> None:
        self._path = path
        self._now = now
        self._key: datetime | None = None
        self._kept: datetime | None = None
        self.before = None if path is None else _read(path)

    def touched(self) -> None:
        """Its user does something: they look."""
        now = self._now()
        if self._key is not None and now - self._key > AWAY:
            self.before = self._key
        self._key = now
        if self._kept is None or now - self._kept > _KEPT_EVERY:
            self.keep()

    def keep(self) -> None:
        """Write down that it was looked at until the last key."""
        if self._path is None or self._key is None:
            return
        self._kept = self._key
        with suppress(OSError):
            _write(self._path, self._key.isoformat())


def _read(path: Path) -> datetime | None:
    try:
        found = datetime.fromisoformat(path.read_text(encoding="ascii")[:64].strip())
    except (OSError, ValueError):
        return None
    return found if found.tzinfo is not None else None


def _write(path: Path, text: str) -> None:
    """All of it or nothing, for its owner's eyes."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    new = path.with_name(f"{path.name}.{os.getpid()}")
    handle = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    with open(handle, "w", encoding="ascii") as out:
        out.write(text)
    try:
        new.replace(path)
    except OSError:
        new.unlink()
        raise
