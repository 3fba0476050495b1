"""``sagewai-tui``: reads its arguments, checks the terminal, and only then loads what draws on it."""

from __future__ import annotations

import argparse
import io
import os
import sys
from collections.abc import Mapping, Sequence
from typing import IO

USAGE_ERROR = 2

EPILOG = """\
screens: runs (the default), run ID, approvals, workers, dlq, overview
keys:    1-6 screens, enter opens, esc goes back, / filters, : goes by name, ? shows all keys, q quits

Exit codes: 0 left by its user, 1 crashed, 2 wrong arguments or no terminal, 129 and 143 after SIGHUP and SIGTERM.
Every action has a twin that needs no terminal: see sagewai --help. Passwords belong into SAGEWAI_STORE or PGPASSFILE.
"""


def parser() -> argparse.ArgumentParser:
    """The command line."""
    found = argparse.ArgumentParser(
        prog="sagewai-tui",
        description="The operations console of sagewai: runs, timelines, approvals, workers and dead letters.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    found.add_argument(
        "screen",
        nargs="?",
        default="runs",
        choices=["runs", "run", "approvals", "workers", "dlq", "overview"],
        metavar="SCREEN",
        help="what to show first: runs, run ID, approvals, workers, dlq or overview",
    )
    found.add_argument("run_id", nargs="?", metavar="ID", help="with 'run': its id, or the beginning of it")
    found.add_argument(
        "--store",
        metavar="URL",
        help="sqlite:///path, postgresql://host/database; default: SAGEWAI_STORE, else the user's SQLite file",
    )
    found.add_argument("--worker", metavar="MODULE:NAME", help="carry a worker for these workflows")
    found.add_argument(
        "--local",
        metavar="ORDER",
        action="append",
        default=[],
        help="start supervised workers as processes of their own: 'MODULE:NAME[xN] [pool=P] [concurrency=N] [labels "
        "K=V ...]'; repeatable. In the console: N on the Workers screen, or :start",
    )
    found.add_argument("--pool", metavar="P", help="the pool of these workers (default: default)")
    found.add_argument(
        "--worker-store",
        metavar="URL",
        help="the same store under another role, for these workers; without it, what is decided here doesn't count "
        "where a gate asks for several reviewers, as their code could have decided it",
    )
    found.add_argument("--read-only", action="store_true", help="bind no key that changes anything")
    found.add_argument("--demo", action="store_true", help="a scratch store with workflows that keep flowing")
    found.add_argument("--ascii", action="store_true", help="draw with ASCII alone")
    return found


def main(argv: Sequence[str] | None = None) -> int:
    """Run the console; gives the exit code."""
    command = parser()
    options = command.parse_args(argv)
    if (options.screen == "run") != (options.run_id is not None):
        command.error("'run' needs an ID, and only 'run' takes one")
    if options.read_only and (options.worker or options.local) and not options.worker_store:
        command.error(
            "--read-only writes nothing, but a worker does: give it rights of its own, --worker-store URL"
        )
    if options.pool and not options.worker and not options.local:
        command.error(
            "--pool is the pool of --worker and --local: name their workflows, --worker MODULE:NAME"
        )
    terminal = _has_terminal(sys.stdin, sys.stderr, os.environ)
    if options.demo:
        return _demo(options, terminal)
    if not terminal:
        (sys.stderr or sys.stdout or io.StringIO()).write(
            "sagewai-tui: needs a terminal on standard input and standard error (TERM not dumb); "
            "without one use sagewai, or sagewai-tui --demo for its text form\n"
        )
        return USAGE_ERROR
    from tui.launch import launch

    return launch(options, demo=None)


def _demo(options: argparse.Namespace, terminal: bool) -> int:
    if not terminal:
        from tui.demo.story import main as story

        return story()
    from tui.demo.scene import scene

    with scene() as stage:
        from tui.launch import launch  # while the demo's worker process is getting up

        stage.until_moving()
        options.store, options.worker = stage.store_url, stage.worker
        return launch(options, demo=stage)


def _has_terminal(stdin: IO[str] | None, stderr: IO[str] | None, environ: Mapping[str, str]) -> bool:
    """Textual reads keys from standard input and draws on standard error."""
    streams = (stdin, stderr)
    try:
        both = all(stream is not None and stream.isatty() for stream in streams)
    except ValueError:  # closed
        return False
    return both and environ.get("TERM", "") not in {"", "dumb"}


if __name__ == "__main__":
    sys.exit(main())
