"""The process that owns a test server from its first folder to its last, and outlives a killed pytest to clean up.

It is a child of pytest in a session of its own, so that Ctrl-C in the terminal doesn't reach it. Orders come as lines
of JSON on its standard input, each answered by one line. When the pipe closes, or the parent is another process than at
the start (a forked child may hold the pipe open), the server is stopped and its folder removed.
"""

from __future__ import annotations

import itertools
import json
import os
import select
import signal
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tests.postgres.cluster import Cluster, Plan

PARENT_CHECK = 1.0


def main() -> None:
    """Build the cluster the first line asks for, serve the orders that follow, remove it."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    os.umask(0o077)
    orders = _orders(parent=os.getppid())
    asked = next(orders, None)
    if asked is None:
        return
    cluster = Cluster(_plan(asked))
    try:
        for order in itertools.chain([{"do": "build"}], orders):
            os.write(1, json.dumps(_outcome(cluster, order["do"])).encode() + b"\n")
    except BrokenPipeError:
        pass
    finally:
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        cluster.remove()


def _outcome(cluster: Cluster, order: str) -> dict[str, Any]:
    try:
        if order == "build":
            cluster.build()
        if order in {"build", "start"}:
            cluster.start()
        else:
            cluster.stop(order)
    except Exception as error:
        return {"failed": f"{type(error).__name__}: {error}"}
    return {
        "folder": str(cluster.folder),
        "port": cluster.port,
        "pid": cluster.pid,
        "password": cluster.password,
    }


def _plan(asked: dict[str, Any]) -> Plan:
    owner = asked["owner"]
    return Plan(
        base=Path(asked["base"]),
        programs=Path(asked["programs"]),
        copied=tuple(Path(part) for part in asked["copied"]),
        owner=None if owner is None else (owner[0], owner[1]),
    )


def _orders(parent: int) -> Iterator[dict[str, Any]]:
    unread = b""
    while os.getppid() == parent:
        if not select.select([0], [], [], PARENT_CHECK)[0]:
            continue
        chunk = os.read(0, 65536)
        if not chunk:
            return
        *lines, unread = (unread + chunk).split(b"\n")
        for line in lines:
            yield json.loads(line)


if __name__ == "__main__":
    main()
