"""What runs during the shift: refunds that ask, exports that fail in three ways, a report whose worker is lost."""

from __future__ import annotations

import os
import time
from pathlib import Path

from sagewai import ApprovalGate, DurableWorkflow

FOLDER = "SAGEWAI_SHIFT_FOLDER"
"""Names the folder whose files say how the world outside stands."""


def outside(name: str) -> Path:
    return Path(os.environ[FOLDER]) / name


refund = DurableWorkflow("refund")
gate = ApprovalGate(refund)


@refund.step("ask")
async def ask(order: str, cents: int) -> int:
    """What is owed may change while somebody is asked."""
    owed = outside(f"owed-{order}")
    asked = int(owed.read_text()) if owed.exists() else cents
    # The number of the order sets the deadline, so that the inbox has one order only.
    await gate.request_approval(
        f"Refund {asked} cents for order {order}?",
        context={"order": order, "cents": asked, "why": "never arrived"},
        timeout=7_200 + 300 * int(order.removeprefix("A-")),
    )
    return asked


@refund.step("pay")
def pay(asked: int, order: str) -> str:
    with outside("paid").open("a") as paid:
        paid.write(f"{order} {asked}\n")
    return f"{asked} cents are on their way"


export = DurableWorkflow("export")


@export.step("collect")
def collect(month: str, rows: int) -> int:
    if rows < 0:
        raise ValueError(f"a month has no {rows} rows")
    if month == "never":
        raise LookupError("nothing was sold in that month")
    if not outside("bank-answers").exists():
        raise ConnectionError("the bank closed the connection")
    return rows


@export.step("send")
def send(rows: int) -> str:
    return f"{rows} rows sent"


report = DurableWorkflow("report")


@report.step("draw")
def draw(title: str) -> str:
    while not outside("paper").exists():
        time.sleep(0.05)
    return title


train = DurableWorkflow("train")


@train.step("fit")
def fit(model: str) -> str:
    return f"{model} fits"


exports = [export, report]
trains = [train]
