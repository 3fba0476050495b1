"""Where the configuration lies, and whether what lies there can be trusted with what it says."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path

from tui.config.definition import Definition
from tui.config.reading import Config, Problem, read

VARIABLE = "SAGEWAI_TUI_CONFIG"
"""Names the file where ``--config`` doesn't."""

_MOST = 262_144
"""Bytes of a configuration."""


class ConfigError(Exception):
    """A configuration that can't be used: its file, and what is wrong with it."""

    def __init__(self, path: Path | str, problems: Iterable[Problem]) -> None:
        super().__init__(f"{path} can't be used")
        self.path = path
        self.problems = sorted(problems, key=lambda problem: problem.line)

    def lines(self) -> list[str]:
        """A line for each problem, safe to print."""
        from tui.text import one_line

        return [one_line(f"{self.path}:{problem.line}: {problem.text}") for problem in self.problems]


def default_path() -> Path:
    """The user's file; ``XDG_CONFIG_HOME`` moves it."""
    from platformdirs import user_config_path

    return user_config_path("sagewai", appauthor=False) / "tui.toml"


def chosen(option: str | None, environ: Mapping[str, str]) -> tuple[Path, bool]:
    """The file to read, and whether it was asked for by name: then it must be there."""
    named = option or environ.get(VARIABLE, "").strip()
    return (Path(named).expanduser(), True) if named else (default_path(), False)


def load(path: Path, definition: Definition, *, must_exist: bool) -> Config:
    """The configuration of a file; an empty one where there is no file and none was asked for. Raises ConfigError."""
    config, problems = examined(path, definition, must_exist=must_exist)
    if problems:
        raise ConfigError(path, problems)
    return config


def examined(path: Path, definition: Definition, *, must_exist: bool) -> tuple[Config, tuple[Problem, ...]]:
    """What can be used of a file, and all that is wrong with it."""
    try:
        with open(path, "rb", opener=_without_waiting) as file:
            about = os.fstat(file.fileno())
            if not stat.S_ISREG(about.st_mode):
                return Config(), (Problem(1, "this is no file"),)
            written = file.read(_MOST + 1)
    except (FileNotFoundError, NotADirectoryError):
        return Config(), (Problem(1, "there is no such file"),) if must_exist else ()
    except (OSError, ValueError) as error:
        return Config(), (Problem(1, f"it can't be read: {getattr(error, 'strerror', None) or error}"),)
    if len(written) > _MOST:
        return Config(), (Problem(1, f"this is longer than {_MOST:,} bytes"),)
    try:
        config, problems = read(written.decode(), definition)
    except UnicodeDecodeError as error:
        return Config(), (Problem(written[: error.start].count(b"\n") + 1, "this isn't UTF-8"),)
    return replace(config, source=str(path)), (*problems, *_exposed(config, about))


def _without_waiting(path: str, flags: int) -> int:
    """Opening a named pipe waits for whoever writes it, for ever."""
    return os.open(path, flags | os.O_NONBLOCK)


def _exposed(config: Config, about: os.stat_result) -> Iterator[Problem]:
    """What a file that others can read mustn't hold, and a file that others can write can't be trusted with."""
    mode = stat.S_IMODE(about.st_mode)
    if about.st_uid not in {0, os.getuid()}:
        yield Problem(
            1, "this file is somebody else's, and what it names is run with your rights: make it yours"
        )
    elif mode & stat.S_IWOTH:
        yield Problem(1, f"others can write this file (mode {mode:04o}), and what it names is run: chmod 600")
    if not mode & (stat.S_IRGRP | stat.S_IROTH):
        return
    for name, context in config.contexts.items():
        for key in ("store", "worker_store"):
            if _has_password(str(context.get(key) or "")):
                yield Problem(
                    config.line_of("context", name, key),
                    f"{key!r} holds a password, and others can read this file (mode {mode:04o}): chmod 600, "
                    "or put the password into a file that PGPASSFILE names",
                )


def _has_password(url: str) -> bool:
    if "@" not in url and "password" not in url:
        return False
    from tui.gateway import has_password

    return has_password(url)
