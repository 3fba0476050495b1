"""From parsed arguments to a running console, and back to a clean terminal with the local workers drained."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack, suppress
from dataclasses import replace

from sagewai.core.actors import current_actor
from sagewai.errors import SagewaiError
from tui import keymap
from tui.app import ConsoleApp
from tui.attending import Attention
from tui.config.choosing import ChoiceRefused, conflict
from tui.config.command import key_problems
from tui.config.files import ConfigError
from tui.config.reading import Config
from tui.demo_hooks import DemoHooks
from tui.driver import served
from tui.gateway import INTERVAL, check_url, default_url, has_password
from tui.gateway.place import place
from tui.habits import Habits
from tui.lastlook import file_of
from tui.local import leaving
from tui.local.embedded import WorkerSpec
from tui.local.files import log_file
from tui.local.locals import check
from tui.local.log import Diverted
from tui.local.order import Order, OrderError, parse
from tui.savedviews import SavedViews, default_file
from tui.telling import CommandRefused, words_of
from tui.text import one_line

LEAN_INTERVAL = 10.0
"""Seconds between two looks over a bad line."""


def launch(
    options: argparse.Namespace,
    *,
    demo: DemoHooks | None,
    config: Config,
    switch: Callable[[str], argparse.Namespace] | None = None,
) -> int:
    """Run the console, again in another context as long as its operator asks for one; gives the exit code. ``switch``
    gives the options of a context."""
    wrong = ConfigError(config.source, key_problems(config))
    for line in wrong.lines():
        _tell(line)
    if wrong.problems:
        return 2
    common = Habits(
        contexts=tuple(config.contexts) if switch is not None else (),
        keymap=keymap.read(config.keys),
        views=SavedViews(config.views, default_file()),
        refusal=lambda name: _refusal(name, switch),
    )
    while True:
        habits = replace(
            common,
            context=options.context or "",
            colour=options.colour,
            theme="plain" if options.lean else options.theme,
            lean=options.lean,
            mouse=options.mouse,
        )
        code, wanted, screen = _run(options, demo, habits)
        if wanted is None or switch is None:
            return code
        options = switch(wanted)
        options.screen = "runs" if screen == "run" else screen


def _refusal(name: str, switch: Callable[[str], argparse.Namespace] | None) -> str:
    """Why the console can't change to a context; '' if it can."""
    if switch is None:
        return "there are no contexts here"
    try:
        options = switch(name)
        _checked(options, options.store or default_url())
    except (ChoiceRefused, SagewaiError, OrderError) as error:
        return str(error)
    return conflict(options)


def _checked(options: argparse.Namespace, url: str) -> list[Order]:
    """What ``--local`` asks for, once the stores are known to be some. Raises SagewaiError, OrderError."""
    check_url(url)
    if options.worker_store:
        check_url(options.worker_store)
    return _orders(options.local, options.pool or "default", options.worker_store or url)


def _run(options: argparse.Namespace, demo: DemoHooks | None, habits: Habits) -> tuple[int, str | None, str]:
    """One console until it is left: the exit code, the context to change to, and the screen that was in front."""
    url = options.store or default_url()
    try:
        orders = _checked(options, url)
    except (SagewaiError, OrderError) as error:
        _tell(str(error))
        return 2, None, "runs"
    if not habits.context and any(
        each and has_password(each) for each in (options.store, options.worker_store)
    ):
        _tell("a password in an argument is seen by others: use SAGEWAI_STORE")
    try:
        command = words_of(options.notify_command) if options.notify_command else ()
    except CommandRefused as error:
        _tell(one_line(str(error)))
        return 2, None, "runs"
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
        interval=options.interval or (LEAN_INTERVAL if options.lean else INTERVAL),
        habits=habits,
        attention=_attention(options, command, url, demo),
    )
    with ExitStack() as stack:
        if app.local is not None:
            stack.callback(app.local.close)
            stack.enter_context(Diverted(app.local.tail))
        app.run(mouse=habits.mouse)
    _flush()
    if app.local is not None or app.locals.fleet.workers:
        leaving.end(app.locals, _tell)
    return app.return_code or 0, app.next_context, app.current_mode


def _attention(
    options: argparse.Namespace, command: tuple[str, ...], url: str, demo: DemoHooks | None
) -> Attention:
    """How its user is called, and when they count as gone. A demo's store is new, and a browser is nobody's own."""
    nobody = demo is not None or served(os.environ)
    return Attention(
        lock_after=options.lock_after,
        notify=options.notify or ("off" if nobody else "bell"),
        command=command,
        keeps_looking=options.keep_looking or served(os.environ),
        looks=None if nobody else file_of(place(url), current_actor("console").name),
    )


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
