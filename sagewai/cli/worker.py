"""``sagewai worker``: execute the runs of a module's workflows until told to stop."""

from __future__ import annotations

import gc
import logging
import sys
from typing import TYPE_CHECKING, Annotated

import typer

from sagewai.cli import parse, words
from sagewai.cli.invocation import Invocation, JsonOption, StoreOption
from sagewai.cli.loading import load
from sagewai.cli.output import emit_json, note, one_line

if TYPE_CHECKING:
    from sagewai.core.stores.base import Store


def worker(
    context: typer.Context,
    target: Annotated[
        str,
        typer.Argument(
            metavar="MODULE:NAME",
            help="A workflow, a list of them or a dict; looked for here first.",
            show_default=False,
        ),
    ],
    pool: Annotated[str, typer.Option(metavar="NAME", help="Takes runs of this pool.")] = "default",
    label: Annotated[
        list[str] | None,
        typer.Option("--label", metavar="KEY=VALUE", help=parse.LABEL_HELP, show_default=False),
    ] = None,
    max_concurrent: Annotated[int, typer.Option(metavar="N", help="Runs at a time.")] = 10,
    poll_interval: Annotated[
        float, typer.Option(metavar="S", help="Seconds between looks without a hint.")
    ] = 2.0,
    heartbeat_interval: Annotated[
        float, typer.Option(metavar="S", help="Seconds between heartbeats.")
    ] = 10.0,
    lease_ttl: Annotated[
        float | None,
        typer.Option(
            metavar="S",
            help="Seconds after which a silent worker's runs are taken over. Default: three heartbeats.",
        ),
    ] = None,
    drain_timeout: Annotated[
        float, typer.Option(metavar="S", help="Seconds that steps may go on when it stops.")
    ] = 30.0,
    name: Annotated[
        str | None,
        typer.Option(metavar="NAME", help="Default: the host's name and the process id.", show_default=False),
    ] = None,
    store: StoreOption = None,
    as_json: JsonOption = False,
) -> None:
    """Claim and execute runs. SIGTERM or Ctrl-C drains: nothing new is claimed, what is held goes on for at most
    --drain-timeout, the rest is handed back; a second signal doesn't wait. Logs go to stderr. With --json: one object
    on stdout when it has stopped.
    """
    call = Invocation.of(context, store, as_json)
    labels = parse.labels(label or ())
    registry = load(target)
    _log_to_stderr()

    async def serve(opened: Store) -> str:
        from sagewai.core.worker.worker import WorkflowWorker

        serving = WorkflowWorker(
            store=opened,
            workflow_registry=registry,
            pool=pool,
            labels=labels,
            max_concurrent=max_concurrent,
            poll_interval=poll_interval,
            heartbeat_interval=heartbeat_interval,
            lease_ttl=lease_ttl,
            drain_timeout=drain_timeout,
            name=name,
        )
        info = await opened.info()
        note(
            f"sagewai: worker {serving.name} serves {', '.join(sorted(registry))} from pool {pool}"
            + (f" with {words.labels(labels)}" if labels else "")
            + f" in {info.url}"
        )
        _search_less_garbage()
        await serving.start()
        return serving.name

    served = call.call(serve, catches_signals=True)  # the first one drains
    if call.json:
        emit_json(
            {
                "name": served,
                "pool": pool,
                "labels": labels,
                "workflows": sorted(registry),
                "status": "stopped",
            }
        )
    else:
        note(f"sagewai: worker {served} has stopped")


def _search_less_garbage() -> None:
    """What is loaded by now lives as long as this process, so the collector needn't look through it again and again.

    With 1,000 concurrent runs a step takes a third less of the processor's time, with 100 an eighth. A library mustn't
    set this for its user's process; a command may for its own.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(10_000, 20, 50)


class _Lines(logging.Formatter):
    """One safe line per record; tracebacks keep their lines, each made safe."""

    def format(self, record: logging.LogRecord) -> str:
        return "\n".join(one_line(line) for line in super().format(record).splitlines())


def _log_to_stderr() -> None:
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_Lines("%(asctime)s %(levelname)s %(message)s"))
    logging.basicConfig(level=logging.WARNING, handlers=[handler])
    logging.getLogger("sagewai").setLevel(logging.INFO)
