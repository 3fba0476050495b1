"""From parsed arguments to a running console, and back to a clean terminal with the local worker drained."""

from __future__ import annotations

import argparse
import os
import re
import signal
import sys
from collections.abc import Mapping
from contextlib import ExitStack, suppress
from pathlib import Path

from sagewai.core.actors import current_actor
from sagewai.errors import SagewaiError
from tui.app import ConsoleApp
from tui.demo_hooks import DemoHooks
from tui.gateway import default_url, has_password, open_store
from tui.local.embedded import EmbeddedWorker, WorkerSpec
from tui.local.log import Diverted

_SURE = re.compile(r"sqlite:///[^?\0]+\Z|memory://\Z")
"""URLs that need no driver to be judged; the others are opened (not connected) before the first frame."""

_DRAIN = 35.0
"""Seconds: the worker's own drain time-out and a little more."""


def launch(options: argparse.Namespace, *, demo: DemoHooks | None) -> int:
    """Run the console; gives the exit code."""
    url = options.store or default_url()
    try:
        if not _SURE.match(url):
            open_store(url)
        if options.worker_store:
            open_store(options.worker_store)
        if any(url and has_password(url) for url in (options.store, options.worker_store)):
            _tell("a password in an argument is seen by others: use SAGEWAI_STORE")
    except SagewaiError as error:
        _tell(str(error))
        return 2
    worker = None
    if options.worker:
        worker = WorkerSpec(options.worker, options.pool or "default", options.worker_store, _log_file())
    app = ConsoleApp(
        url,
        actor=current_actor("console"),
        read_only=options.read_only,
        start_screen="runs" if options.screen == "run" else options.screen,
        run_id=options.run_id,
        demo=demo,
        worker=worker,
        ascii_only=options.ascii or speaks_ascii(os.environ),
    )
    with ExitStack() as stack:
        if app.local is not None:
            stack.callback(app.local.close)
            stack.enter_context(Diverted(app.local.tail))
        app.run(mouse=False)
    _flush()
    if app.local is not None:
        _drain(app.local)
    return app.return_code or 0


def _tell(text: str) -> None:
    with suppress(
        OSError, ValueError
    ):  # the terminal is gone, or closed: what is under way must not end with it
        sys.stderr.write(f"sagewai-tui: {text}\n")
    _flush()


def _flush() -> None:
    """Write what is left; when the terminal is gone, forget it: it must not become the exit code."""
    try:
        sys.stdout.flush()
        sys.stderr.flush()
    except (OSError, ValueError):
        nowhere = os.open(os.devnull, os.O_WRONLY)
        for handle in (1, 2):
            os.dup2(nowhere, handle)
        os.close(nowhere)


def speaks_ascii(environ: Mapping[str, str]) -> bool:
    """Whether the locale says outright that the terminal knows nothing but ASCII.

    Python turns LC_CTYPE=C into C.UTF-8 for itself, so that alone proves nothing when LANG says C.
    """
    chosen = environ.get("LC_ALL") or environ.get("LC_CTYPE") or environ.get("LANG") or ""
    if chosen == "C.UTF-8" and environ.get("LANG") in {"C", "POSIX"}:
        return True
    return bool(chosen) and "utf" not in chosen.lower()


def _log_file() -> Path:
    from platformdirs import user_log_path

    return user_log_path("sagewai", appauthor=False) / f"console-worker-{os.getpid()}.log"


def _drain(worker: EmbeddedWorker) -> None:
    """Let the worker finish; ctrl+c and a second SIGTERM don't wait for it."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    worker.stop()
    try:
        if worker.held:
            _tell(f"draining the local worker: it holds {worker.held} (ctrl+c leaves at once)")
        if not worker.join(_DRAIN):
            _tell("the local worker didn't end in time; its runs are taken over by others")
    except KeyboardInterrupt:
        _tell("not drained; its runs are taken over by others")
