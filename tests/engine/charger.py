"""A worker process whose one step charges a card once, and writes each charge down outside the database."""

from __future__ import annotations

import os
import sys

from sagewai import DurableWorkflow, once
from tests.engine.ledger import LEDGER, serve

workflow = DurableWorkflow("charger")


def charge(cents: int) -> int:
    """The how-manieth charge it was."""
    with open(os.environ[LEDGER], "a+", encoding="utf-8") as ledger:
        ledger.write(f"charged {cents} {os.getpid()}\n")
        ledger.seek(0)
        return len(ledger.readlines())


@workflow.step("pay")
async def pay(cents: int) -> int:
    return await once("charge", charge, cents)


if __name__ == "__main__":
    serve(sys.argv[1], workflow)
