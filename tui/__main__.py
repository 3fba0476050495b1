"""``sagewai-tui``: reads its arguments, checks the terminal, and only then loads what draws on it."""

from __future__ import annotations

import argparse
import io
import os
import sys
from collections.abc import Mapping, Sequence
from typing import IO

from tui import garbage
from tui.config import choosing, files
from tui.config.definition import definition
from tui.config.reading import Config

USAGE_ERROR = 2

EPILOG = """\
screens: runs (the default), run ID, approvals, workers, dlq, overview
keys:    1-6 screens, enter opens, esc goes back, / filters, : goes by name, ? shows all keys, q quits
config:  sagewai-tui config check [FILE] | path | schema | keys

Exit codes: 0 left by its user, 1 crashed, 2 wrong arguments or no terminal, 129 and 143 after SIGHUP and SIGTERM.
Every action has a twin that needs no terminal: see sagewai --help. Passwords belong into SAGEWAI_STORE or PGPASSFILE.
"""


THEMES = ("dark", "light", "ansi", "plain")


def _interval(text: str) -> float:
    seconds = float(text)
    if not 0.5 <= seconds <= 3600:
        raise argparse.ArgumentTypeError(f"{text} is no time between two looks: use 0.5 to 3600 seconds")
    return seconds


def _span(text: str) -> float:
    from tui.triage import AnswerError, span

    try:
        seconds = span(text)
    except AnswerError:
        seconds = 0.0
    if not seconds:
        raise argparse.ArgumentTypeError(f"{text!r} is no span of time: write 10m, 2h or 1d")
    return seconds


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
    found.add_argument(
        "--config", metavar="FILE", help="the configuration; default: SAGEWAI_TUI_CONFIG, else your own"
    )
    found.add_argument(
        "--context", metavar="NAME", help="a store, its colour and its workers, by the configuration"
    )
    found.add_argument(
        "--theme", choices=THEMES, help="dark, light, ansi or plain; default: what suits the terminal"
    )
    found.add_argument(
        "--interval", type=_interval, metavar="S", help="seconds between two looks: 0.5 to 3600 (default: 2)"
    )
    found.add_argument(
        "--lean",
        action="store_true",
        help="for bad lines: no preview, no colours but a state's, a look every 10 s",
    )
    found.add_argument(
        "--mouse",
        action="store_true",
        help="the mouse moves the cursor; without it, text is selected as usual",
    )
    found.add_argument(
        "--notify",
        choices=["off", "bell", "osc9"],
        help="call for new approvals and dead letters by the bell, or by the terminal's notifications, at most every "
        "30 s and not while keys are pressed (default: bell, with --demo off)",
    )
    found.add_argument(
        "--notify-command",
        metavar="CMD",
        help="run this program too, without a shell: SAGEWAI_NEW_APPROVALS and SAGEWAI_NEW_DEAD_LETTERS say how many, "
        "SAGEWAI_APPROVALS and SAGEWAI_DEAD_LETTERS how many in all; it is ended after 10 s",
    )
    found.add_argument(
        "--lock-after",
        type=_span,
        metavar="SPAN",
        help="without a key for so long (10m, 2h) cover the picture; :lock does at once (default: never)",
    )
    found.add_argument(
        "--keep-looking", action="store_true", help="look on while the terminal says it isn't in focus"
    )
    return found


def main(argv: Sequence[str] | None = None) -> int:
    """Run the console; gives the exit code."""
    words = sys.argv[1:] if argv is None else argv
    command = parser()
    if words[:1] == ["config"]:
        from tui.config.command import main as configure

        return configure(words[1:], command)
    try:
        config, options = _chosen(command, words)
    except _Refused as refused:
        for line in refused.lines:
            _tell(line)
        return USAGE_ERROR
    if (options.screen == "run") != (options.run_id is not None):
        command.error("'run' needs an ID, and only 'run' takes one")
    wrong = choosing.conflict(options)
    if wrong:
        command.error(wrong)
    served = bool(os.environ.get("TEXTUAL_DRIVER"))
    if served and not options.read_only and not options.demo:
        _tell(
            "in a browser everybody would act by the account that serves it: textual serve needs --read-only"
        )
        return USAGE_ERROR
    terminal = served or _has_terminal(sys.stdin, sys.stderr, os.environ)
    if options.demo:
        return _demo(options, config, terminal)
    if not terminal:
        _tell(
            "needs a terminal on standard input and standard error (TERM not dumb); "
            "without one use sagewai, or sagewai-tui --demo for its text form"
        )
        return USAGE_ERROR
    garbage.put_off()
    from tui.launch import launch

    def switch(name: str) -> argparse.Namespace:
        return choosing.options(command, words, config, os.environ, switched=name)

    return launch(options, demo=None, config=config, switch=switch)


def _demo(options: argparse.Namespace, config: Config, terminal: bool) -> int:
    if not terminal:
        from tui.demo.story import main as story

        return story()
    from tui.demo.scene import scene

    with scene() as stage:
        garbage.put_off()
        from tui.launch import launch  # while the demo's worker process is getting up

        stage.until_moving()
        options.store, options.worker = stage.store_url, stage.worker
        return launch(options, demo=stage, config=config)


class _Refused(Exception):
    def __init__(self, *lines: str) -> None:
        super().__init__(*lines)
        self.lines = lines


def _chosen(command: argparse.ArgumentParser, words: Sequence[str]) -> tuple[Config, argparse.Namespace]:
    """The configuration, and the options that hold with it. Raises _Refused."""
    path, must_exist = files.chosen(command.parse_args(words).config, os.environ)
    try:
        config = files.load(path, definition(command), must_exist=must_exist)
        return config, choosing.options(command, words, config, os.environ)
    except files.ConfigError as error:
        raise _Refused(*error.lines()) from None
    except choosing.ChoiceRefused as refused:
        raise _Refused(str(refused)) from None


def _tell(line: str) -> None:
    (sys.stderr or sys.stdout or io.StringIO()).write(f"sagewai-tui: {line}\n")


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
