"""``sagewai-tui config``: checks a configuration, says where it lies, what it may hold and which keys can be bound."""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path

from sagewai.errors import SagewaiError
from tui.config.choosing import ChoiceRefused, conflict, options
from tui.config.definition import definition
from tui.config.files import VARIABLE, ConfigError, chosen, examined
from tui.config.reading import Config, Problem

EXAMPLE = """\
[defaults]               # options of the console, by their names
interval = 5
context = "dev"          # where neither --store, --context nor SAGEWAI_STORE says more

[context.dev]
store = "sqlite:///dev.db"

[context.prod]           # store, worker_store, worker, local, pool, and what [defaults] may hold
store = "postgresql://ops@db1/sagewai"
colour = "red"           # of the name in the top line
read_only = true

[keys]
approve = "A"            # `sagewai-tui config keys` lists the names
pause = ["&", "f9"]

[views]
mine = "status:wait wf:refund*"
"""

GOOD, WRONG, CUT_OFF = 0, 2, 141


def parser() -> argparse.ArgumentParser:
    """The command line."""
    found = argparse.ArgumentParser(
        prog="sagewai-tui config",
        description="The configuration of the console: a TOML file of defaults, contexts, keys and views.",
        epilog=f"The file: --config FILE of the console, else {VARIABLE}, else the user's own. The command line goes\n"
        "before a context, a context before the defaults. :save keeps views in a file of its own beside the logs.\n"
        f"Exit codes: 0 good, 2 something is wrong, said as FILE:LINE: what, and what to do.\n\n{EXAMPLE}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    verbs = found.add_subparsers(dest="verb", required=True, metavar="VERB")
    checked = verbs.add_parser("check", help="read a file and name all that is wrong with it")
    checked.add_argument("file", nargs="?", metavar="FILE")
    verbs.add_parser("path", help="where the file lies")
    verbs.add_parser("schema", help="the file's JSON schema")
    verbs.add_parser(
        "keys", help="every action that can be bound to another key, with its keys and its screens"
    )
    return found


def main(argv: Sequence[str], console: argparse.ArgumentParser) -> int:
    """Obey; ``console`` is the command line that the configuration sets defaults for. Gives the exit code."""
    asked = parser().parse_args(argv)
    if asked.verb == "path":
        return _print(str(chosen(None, os.environ)[0]))
    if asked.verb == "schema":
        return _print(json.dumps(definition(console).schema(_actions()), indent=2))
    if asked.verb == "keys":
        actions = _actions().items()
        return _print(
            *(f"{name:<14}  {keys:<8}  {', '.join(places)}: {what}" for name, (keys, places, what) in actions)
        )
    path, must_exist = chosen(asked.file, os.environ)
    return _check(path, console, must_exist=must_exist)


def key_problems(config: Config) -> Iterator[Problem]:
    """What is wrong with the keys of a configuration; needs every screen to say so."""
    if config.keys:
        from tui import keymap
        from tui.homes import homes

        for name, text in keymap.problems(config.keys, homes()):
            yield Problem(config.line_of("keys", name), text)


def _actions() -> dict[str, tuple[str, tuple[str, ...], str]]:
    from tui import keymap
    from tui.homes import homes

    return keymap.named(homes())


def _check(path: Path, console: argparse.ArgumentParser, *, must_exist: bool) -> int:
    config, problems = examined(path, definition(console), must_exist=must_exist)
    found = [*problems, *_context_problems(config, console), *key_problems(config)]
    if found:
        for line in ConfigError(path, found).lines():
            sys.stderr.write(f"{line}\n")
        return WRONG
    counts = f"contexts {len(config.contexts)}, keys {len(config.keys)}, views {len(config.views)}"
    return _print(
        f"{path}: {counts if config.text or must_exist else 'there is no file, and none is needed'}"
    )


def _print(*lines: str) -> int:
    """To standard output, for as long as anybody reads it."""
    with suppress(BrokenPipeError):
        sys.stdout.write("".join(f"{line}\n" for line in lines))
        sys.stdout.flush()
        return GOOD
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    return CUT_OFF


def _context_problems(config: Config, console: argparse.ArgumentParser) -> Iterator[Problem]:
    """What only shows when a context is chosen: options that don't go together, a store that nothing speaks."""
    from tui.gateway import open_store
    from tui.local.order import OrderError
    from tui.local.order import parse as parse_order

    for name, context in config.contexts.items():
        try:
            wrong = conflict(options(console, [], config, {}, switched=name))
        except ChoiceRefused as refused:
            wrong = str(refused)
        if wrong:
            yield Problem(config.line_of("context", name), f"context {name!r}: {wrong}")
        for order in _texts(context.get("local")):
            try:
                parse_order(order)
            except OrderError as error:
                yield Problem(config.line_of("context", name, "local"), str(error))
        for key in ("store", "worker_store"):
            if key in context:
                try:
                    open_store(str(context[key]))
                except (SagewaiError, ValueError) as error:
                    yield Problem(config.line_of("context", name, key), str(error))


def _texts(value: object) -> list[str]:
    return [str(each) for each in value] if isinstance(value, list) else []
