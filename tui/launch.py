"""From parsed arguments to a running console, and back to a clean terminal with the local workers drained."""

from __future__ import annotations

import argparse
import os
import re
import sys
from collections.abc import Mapping, Sequence
from contextlib import ExitStack, suppress

from sagewai.core.actors import current_actor
from sagewai.errors import SagewaiError
from tui.app import ConsoleApp
from tui.demo_hooks import DemoHooks
from tui.gateway import default_url, has_password, open_store
from tui.local import leaving
from tui.local.embedded import WorkerSpec
from tui.local.files import log_file
from tui.local.locals import check
from tui.local.log import Diverted
from tui.local.order import Order, OrderError, parse

_SURE = re.compile(r"sqlite:///[^?\0]+\Z|memory://\Z")
"""URLs that need no driver to be judged; the others are opened (not connected) before the first frame."""


def launch(options: argparse.Namespace, *, demo: DemoHooks | None) -> int:
    """Run the console; gives the exit code."""
    url = options.store or default_url()
    try:
        if not _SURE.match(url):
            open_store(url)
        if options.worker_store:
            open_store(options.worker_store)
        orders = _orders(options.local, options.pool or "default", options.worker_store or url)
        if any(url and has_password(url) for url in (options.store, options.worker_store)):
            _tell("a password in an argument is seen by others: use SAGEWAI_STORE")
    except (SagewaiError, OrderError) as error:
        _tell(str(error))
        return 2
    worker, pool = None, options.pool or "default"
    if options.worker:
        worker = WorkerSpec(options.worker, pool, options.worker_store, log_file(os.getpid()))
    app = ConsoleApp(
        url,
        actor=current_actor("console"),
        read_only=options.read_only,
        start_screen="runs" if options.screen == "run" else options.screen,
        run_id=options.run_id,
        demo=demo,
        worker=worker,
        orders=orders,
        worker_store=options.worker_store,
        pool=pool,
        ascii_only=options.ascii or speaks_ascii(os.environ),
    )
    with ExitStack() as stack:
        if app.local is not None:
            stack.callback(app.local.close)
            stack.enter_context(Diverted(app.local.tail))
        app.run(mouse=False)
    _flush()
    if app.local is not None or app.locals.fleet.workers:
        leaving.end(app.locals, _tell)
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


def _orders(lines: Sequence[str], pool: str, url: str) -> list[Order]:
    """What ``--local`` asks for. Raises OrderError, or LabelError."""
    return [check(parse(line, pool=pool), url) for line in lines]
