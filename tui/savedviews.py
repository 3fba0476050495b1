"""Filters with a name: those of the configuration, and those that ``:save`` keeps in a file of its own, mode 0600."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,39}")
"""What a view, or a context, may be called."""

_LONGEST = 1_000
"""Characters of a filter."""

_MOST = 262_144
"""Bytes of the file."""

_HEAD = "# Written by :save and :forget of sagewai-tui. Lines may move to [views] of its configuration.\n[views]\n"


class ViewError(Exception):
    """A view that can't be had, kept or forgotten; the text says why."""


def default_file() -> Path:
    """Where ``:save`` writes; ``XDG_STATE_HOME`` moves it."""
    from platformdirs import user_state_path

    return user_state_path("sagewai", appauthor=False) / "views.toml"


class SavedViews:
    """``configured`` comes first; the file is read whenever it is asked, since other consoles write it too. Without a
    ``file`` nothing can be kept."""

    def __init__(self, configured: Mapping[str, str] | None = None, file: Path | None = None) -> None:
        self._configured = dict(configured or {})
        self._file = file

    def all(self) -> Mapping[str, str]:
        """Every view by its name; what can't be read of the file is left out."""
        try:
            kept = self._read()
        except ViewError:
            kept = {}
        return dict(sorted({**kept, **self._configured}.items()))

    def get(self, name: str) -> str:
        """The filter of a view. Raises ViewError."""
        views = self.all()
        if name not in views:
            known = f"use {', '.join(views)}" if views else ":save NAME keeps the filter of a list"
            raise ViewError(f"no view is called {name!r}: {known}")
        return views[name]

    def save(self, name: str, text: str) -> None:
        """Keep a filter, over one of the same name. Raises ViewError."""
        if not NAME.fullmatch(name):
            raise ViewError(f"{name!r} can't be a view's name: use up to 40 of A-Z a-z 0-9 _ -")
        if not text:
            raise ViewError("this list has no filter to keep: / makes one")
        if len(text) > _LONGEST or not text.isprintable():
            raise ViewError("this filter is too long, or holds characters that can't be seen")
        self._refuse_configured(name)
        self._write({**self._read(), name: text})

    def forget(self, name: str) -> None:
        """Forget a view that was kept. Raises ViewError."""
        self._refuse_configured(name)
        kept = self._read()
        if name not in kept:
            raise ViewError(f"no view that was kept is called {name!r}")
        del kept[name]
        self._write(kept)

    def _refuse_configured(self, name: str) -> None:
        if name in self._configured:
            raise ViewError(f"{name!r} stands in the configuration: change it there")

    def _read(self) -> dict[str, str]:
        if self._file is None:
            return {}
        import tomllib

        try:
            with self._file.open("rb") as file:
                views = tomllib.loads(file.read(_MOST).decode()).get("views", {})
        except FileNotFoundError:
            return {}
        except (OSError, ValueError) as error:
            raise ViewError(f"{self._file} can't be read: mend it, or remove it") from error
        if not isinstance(views, dict):
            raise ViewError(f"{self._file} holds no [views]: mend it, or remove it")
        return {
            name: text
            for name, text in views.items()
            if isinstance(text, str) and NAME.fullmatch(name) and text.isprintable()
        }

    def _write(self, views: Mapping[str, str]) -> None:
        """In one go: whoever reads meanwhile sees the old file or the new one."""
        if self._file is None:
            raise ViewError("this console has no file to keep views in")
        import json
        import secrets

        lines = [f"{name} = {json.dumps(text, ensure_ascii=False)}\n" for name, text in sorted(views.items())]
        fresh = self._file.with_name(f".{self._file.name}.{secrets.token_hex(4)}")
        try:
            self._file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            handle = os.open(
                fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600
            )
            with os.fdopen(handle, "w", encoding="utf-8") as file:
                file.write(_HEAD + "".join(lines))
            fresh.replace(self._file)
        except OSError as error:
            with suppress(OSError):
                fresh.unlink()
            raise ViewError(f"{self._file} can't be written: {error.strerror}") from error
