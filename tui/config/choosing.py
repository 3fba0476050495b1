"""From a command line and a configuration to the options that hold: the command line's, else the context's, else the
defaults."""

from __future__ import annotations

import argparse
from collections.abc import Mapping, Sequence

from tui.config.reading import Config, unknown_context


class ChoiceRefused(ValueError):
    """A command line that goes ill with the configuration; the text says why."""


def options(
    parser: argparse.ArgumentParser,
    argv: Sequence[str] | None,
    config: Config,
    environ: Mapping[str, str],
    *,
    switched: str | None = None,
) -> argparse.Namespace:
    """The options that hold; ``.context`` is the context's name, or None. ``switched``: a context that was chosen while
    the console ran; it brings its store and its workers, whatever the command line named. Raises ChoiceRefused."""
    said = parser.parse_args(argv)
    name = switched or _chosen(said, config, environ)
    context: Mapping[str, object] = {}
    if name is not None:
        if name not in config.contexts:
            raise ChoiceRefused(unknown_context(name, config.contexts))
        context = config.contexts[name]
    own = {key: value for key, value in context.items() if key != "colour"}
    bare = {action.dest: action.default for action in parser._actions}
    parser.set_defaults(**{**config.defaults, **own})
    try:
        found = parser.parse_args(argv)
    finally:
        parser.set_defaults(**{key: bare[key] for key in (*config.defaults, *own)})
    if switched is not None:
        for key in ("store", "worker_store", "worker", "local", "pool"):
            setattr(found, key, own.get(key, bare[key]))
    found.context = name
    found.colour = str(context.get("colour", ""))
    return found


def conflict(options: argparse.Namespace) -> str:
    """What goes ill together among options; '' for nothing."""
    works = options.worker or options.local
    if options.read_only and works and not options.worker_store:
        return "--read-only writes nothing, but a worker does: give it rights of its own, --worker-store URL"
    if options.pool and not works:
        return "--pool is the pool of --worker and --local: name their workflows, --worker MODULE:NAME"
    return ""


def _chosen(said: argparse.Namespace, config: Config, environ: Mapping[str, str]) -> str | None:
    """The context that the command line names, else the default one, unless a store was named more closely."""
    named: str | None = said.context
    if named is not None:
        for option in ("store", "demo"):
            if getattr(said, option):
                raise ChoiceRefused(f"--context and --{option} name two stores: leave one of them out")
        return named
    if said.store or said.demo or environ.get("SAGEWAI_STORE", "").strip():
        return None
    usual = config.defaults.get("context")
    return None if usual is None else str(usual)
