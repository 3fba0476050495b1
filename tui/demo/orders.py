"""Order lists as the supply office sends them: read strictly, added up, and compared line by line. Pure."""

from __future__ import annotations

import csv
import difflib
import io
from dataclasses import dataclass
from datetime import date
from decimal import Decimal, InvalidOperation

from sagewai import NonRetryableError

COLUMNS = ["date", "item", "quantity", "price"]


class MalformedOrders(NonRetryableError):
    """The list can't be read, and reading it again won't help."""


@dataclass(frozen=True, slots=True)
class OrderLine:
    """One line: so many of a thing, at ``price`` each."""

    day: date
    item: str
    quantity: int
    price: Decimal


def read_orders(text: str, name: str) -> list[OrderLine]:
    """Every line of the list; raises MalformedOrders that names file, line and what is wrong with it."""
    rows = csv.reader(io.StringIO(text))
    if next(rows, None) != COLUMNS:
        raise MalformedOrders(f"line 1 of {name}: the columns must be {','.join(COLUMNS)}")
    return [_line(row, f"line {rows.line_num} of {name}") for row in rows]


def totals(lines: list[OrderLine]) -> dict[str, Decimal]:
    """What each item costs in all, the dearest first."""
    sums: dict[str, Decimal] = {}
    for line in lines:
        sums[line.item] = sums.get(line.item, Decimal()) + line.quantity * line.price
    return dict(sorted(sums.items(), key=lambda item: (-item[1], item[0])))


def difference(came: str, should_be: str) -> list[str]:
    """The lines that differ, ``- `` as it came and ``+ `` as it should be."""
    compared = difflib.ndiff(came.splitlines(), should_be.splitlines())
    return [line for line in compared if line[:2] in {"- ", "+ "}]


def _line(row: list[str], where: str) -> OrderLine:
    if len(row) != len(COLUMNS):
        fields = "1 field" if len(row) == 1 else f"{len(row)} fields"
        raise MalformedOrders(
            f"{where}: {fields} where {len(COLUMNS)} belong ({','.join(row)}); correct the file, then retry"
        )
    day, item, quantity, price = row
    try:
        return OrderLine(date.fromisoformat(day), item, int(quantity), Decimal(price))
    except (ValueError, InvalidOperation):
        raise MalformedOrders(f"{where}: {','.join(row)} is no date, item, quantity and price") from None
