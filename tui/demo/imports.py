"""The workflows `order-import` and `order-correction`: a list that arrives, is added up, and is corrected by two.

An import retries while its file is missing or still being written. A list that can't be read makes it a dead letter;
once a correction was approved, or somebody edited the file by hand, retrying the dead letter goes on at `parse`.
"""

from __future__ import annotations

import os
from decimal import Decimal
from pathlib import Path

from sagewai import ApprovalGate, DurableWorkflow, StepError, current_step
from tui.demo.orders import MalformedOrders, OrderLine, difference, read_orders, totals

LOCK = ".lock"
"""Whoever writes ``list.csv`` keeps ``list.csv.lock`` beside it until the last line is there."""


class NotDelivered(StepError):
    """The file isn't there yet; it may be at the next try."""


class StillBeingWritten(StepError):
    """The file is there, but its writer still holds the lock."""


order_import = DurableWorkflow(name="order-import")
correction = DurableWorkflow(name="order-correction")
gate = ApprovalGate(workflow=correction)


@order_import.step("arrive", retries=4, retry_delay=1.0)
def arrive(path: str) -> str:
    file = Path(path)
    lock = file.with_name(file.name + LOCK)
    if lock.exists():
        raise StillBeingWritten(f"{file.name} is being written: {lock.name} is there")
    if not file.exists():
        raise NotDelivered(f"{file.name} hasn't been delivered to {file.parent}")
    return path


@order_import.step("parse")
def parse(path: str) -> list[OrderLine]:
    return read_orders(Path(path).read_text(encoding="utf-8"), Path(path).name)


@order_import.step("total")
def add_up(lines: list[OrderLine]) -> dict[str, Decimal]:
    return totals(lines)


@order_import.step("file")
async def file_away(sums: dict[str, Decimal], path: str) -> str:
    report = Path(path).with_suffix(".totals.txt")
    rows = [f"{amount:>10.2f}  {item}" for item, amount in sums.items()]
    _replace(report, "\n".join([*rows, f"{sum(sums.values()):>10.2f}  in all"]) + "\n")
    return f"{len(rows)} items, {sum(sums.values()):.2f} in all, filed as {report.name}"


@correction.step("compare")
def compare(path: str, again: str) -> list[str]:
    resent = Path(again).read_text(encoding="utf-8")
    read_orders(resent, Path(again).name)
    changes = difference(Path(path).read_text(encoding="utf-8"), resent)
    if not changes:
        raise MalformedOrders(f"{Path(path).name} is the same as {Path(again).name}: nothing to correct")
    return changes


@correction.step("second-voice")
async def second_voice(changes: list[str], path: str, again: str) -> list[str]:
    came = sum(change.startswith("-") for change in changes)
    await gate.request_approval(
        prompt=f"Correct {came} line of {Path(path).name} as the supply office sent it again?",
        context={"file": path, "sent_again": again, "changes": changes},
    )
    return changes


@correction.step("replace")
def replace(changes: list[str], path: str, again: str) -> str:
    resent = Path(again).read_text(encoding="utf-8")
    if difference(Path(path).read_text(encoding="utf-8"), resent) not in (changes, []):
        raise MalformedOrders(f"{Path(path).name} was changed since its correction was approved")
    _replace(Path(path), resent)
    return f"{Path(path).name} corrected: its import can be retried now"


def _replace(path: Path, text: str) -> None:
    """The whole file at once, and the same file however often the step runs."""
    step = current_step()
    draft = path.with_name(f".{path.name}.{step.run_id if step else os.getpid()}")
    draft.write_text(text, encoding="utf-8")
    draft.replace(path)
