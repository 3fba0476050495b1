"""The demo's worker process: `python -m tui.demo.worker FOLDER` serves the pool `agents` of the scratch store.

It lives as long as its standard input stays open: when the console is gone, even killed with -9, the pipe closes, and
this process removes what the console could not.
"""

from __future__ import annotations

import asyncio
import logging
import os
import sys
import threading
from pathlib import Path

from sagewai import WorkerCredentials, WorkflowWorker, open_store
from tui.demo import flows, standin
from tui.demo.scratch import Scratch, remove

HEARTBEAT = 1.0
LEASE = 5.0


def main() -> None:
    sys.setswitchinterval(
        0.0005
    )  # so that claims and heartbeats get their turn while litellm is being imported
    scratch = Scratch(Path(sys.argv[1]))
    logging.basicConfig(format="%(asctime)s %(process)d %(name)s: %(message)s")
    for name in ("sagewai", "tui"):
        logging.getLogger(name).setLevel(logging.INFO)
    threading.Thread(target=_end_with_parent, args=(scratch,), daemon=True).start()
    asyncio.run(_work(scratch.store_url, os.environ.get("SAGEWAI_MODEL")))
    logging.shutdown()
    os._exit(0)  # nothing is left to do, but tearing litellm down would take another second


async def _work(url: str, model: str | None) -> None:
    store = open_store(url)
    worker = WorkflowWorker(
        store=store,
        workflow_registry=flows.agents,
        pool=flows.AGENTS_POOL,
        labels=flows.MODELS,
        credentials=WorkerCredentials(model_overrides={"default": model}) if model else None,
        poll_interval=0.5,
        heartbeat_interval=HEARTBEAT,
        lease_ttl=LEASE,
        max_concurrent=4,
        drain_timeout=0.5,
        name=flows.worker_name(os.getpid()),
    )
    installing = asyncio.create_task(standin.install())
    await asyncio.sleep(0)  # the stand-in is first in line for litellm: it is there before any step's call
    try:
        await worker.start()
    finally:
        installing.cancel()
        await store.close()


def _end_with_parent(scratch: Scratch) -> None:
    while os.read(0, 4096):
        pass
    remove(scratch)
    os._exit(1)


if __name__ == "__main__":
    main()
