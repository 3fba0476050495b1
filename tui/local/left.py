"""Workers that were left running on purpose: what each writes down about itself, and how a later console finds it.

The file lies beside the worker's log. The worker writes it when its console lets it go and removes it when it ends as
it was asked to, so one whose process is gone tells of a crash. A console locks the file of each worker that it adopts.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import re
import stat
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from urllib.parse import parse_qsl, unquote, urlsplit

from sagewai.core.worker.process import proven_dead, this_process
from sagewai.models.session import ProcessIdentity
from tui.local.order import Order, parse

_MOST = 20_000
"""Bytes of such a file."""

_OLD = 14 * 86_400.0
"""Seconds after which the file of a worker that ran before the machine was restarted is removed."""

_SECRET = frozenset({"password", "sslpassword", "passfile"})


@dataclass(frozen=True, slots=True)
class Left:
    """``store`` is a :func:`mark`."""

    name: str
    order: Order
    store: str
    process: ProcessIdentity


@dataclass(frozen=True, slots=True)
class Found:
    """A worker that was left running, and whether it still does. Its file is locked as long as ``lock`` is open."""

    left: Left
    path: Path
    lock: int
    alive: bool

    def forget(self) -> None:
        """Nobody finds it any more."""
        with suppress(OSError):
            self.path.unlink(missing_ok=True)
        os.close(self.lock)


def path_of(log: Path) -> Path:
    """The file of the worker that writes this log."""
    return log.with_suffix(".left")


def log_of(path: Path) -> Path:
    """The log of the worker that this file is about."""
    return path.with_suffix(".log")


def mark(url: str) -> str:
    """Which store is meant, and by which login: equal for equal ones, and telling neither."""
    scheme, _, rest = url.strip().partition("://")
    if scheme == "sqlite":
        named = os.path.realpath(Path(unquote(rest.removeprefix("/"))).expanduser())
    else:
        parts = urlsplit(url.strip())
        options = sorted(pair for pair in parse_qsl(parts.query) if pair[0] not in _SECRET)
        named = repr((parts.username, parts.hostname, parts.port, parts.path, options))
    return hashlib.sha256(f"{scheme[:8]} {named}".encode("utf-8", "surrogateescape")).hexdigest()


def write(path: Path, left: Left) -> None:
    """All of it or nothing, for its owner's eyes. Raises OSError."""
    new = path.with_name(f"{path.name}.{os.getpid()}")
    handle = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        json.dump({**asdict(left), "order": str(left.order)}, file)
    new.replace(path)


def find(folder: Path, store: str) -> Iterator[Found]:
    """Lock and give the workers of this user and this store on this machine, as it runs now, that no other console has
    adopted; those that go on first."""
    found = [each for path in sorted(folder.glob("console-worker-*.left")) if (each := _open(path, store))]
    return iter(sorted(found, key=lambda each: not each.alive))


def _open(path: Path, store: str) -> Found | None:
    try:
        lock = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError:
        return None
    with suppress(OSError, ValueError, TypeError, KeyError, AttributeError):
        left = _read(lock)
        if _is_of_this_boot(left.process) and left.store == store:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if path.stat().st_ino == os.fstat(lock).st_ino:  # it wasn't removed while it was being locked
                return Found(left, path, lock, not proven_dead(left.process))
        elif _is_over(left.process) and time.time() - os.fstat(lock).st_mtime > _OLD:
            path.unlink()
    os.close(lock)
    return None


def _read(handle: int) -> Left:
    """Raises OSError, or as reading JSON does, for what no worker of this user has written."""
    about = os.fstat(handle)
    if not stat.S_ISREG(about.st_mode) or about.st_uid != os.geteuid() or about.st_mode & 0o077:
        raise ValueError("not this user's own")
    given = json.loads(os.read(handle, _MOST))
    process = ProcessIdentity(**given["process"])
    if type(process.pid) is not int or process.pid <= 1 or not isinstance(process.started, str):
        raise ValueError("no process")
    if not re.fullmatch(r"console-\d+-\d+", given["name"]):
        raise ValueError("no name")
    return Left(given["name"], parse(given["order"]), given["store"], process)


def _is_of_this_boot(process: ProcessIdentity) -> bool:
    """Whether it can be told here if that process lives: nothing of what identifies it may be unknown."""
    here = this_process()
    return all((process.boot_id, process.pid_namespace, process.started)) and (
        (process.host, process.boot_id, process.pid_namespace)
        == (here.host, here.boot_id, here.pid_namespace)
    )


def _is_over(process: ProcessIdentity) -> bool:
    here = this_process()
    return process.host == here.host and process.boot_id != here.boot_id
