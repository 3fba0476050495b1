"""The arrays that statements take and return, as the driver describes them to itself.

It knows their elements, but asks the server for each kind of array that a connection meets first, with a query that
takes 20 ms of every new connection. What it would be told has the same numbers in every PostgreSQL.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def _array_of(element: str, oid: int, element_oid: int) -> Mapping[str, Any]:
    """A row of the driver's query."""
    return {
        "oid": oid,
        "ns": "pg_catalog",
        "name": f"_{element}",
        "kind": b"b",
        "basetype": None,
        "elemtype": element_oid,
        "elemdelim": ",",
        "range_subtype": None,
        "attrtypoids": None,
        "attrnames": None,
        "basetype_name": None,
        "elemtype_name": element,
        "range_subtype_name": None,
    }


ARRAYS = (
    _array_of("bool", 1000, 16),
    _array_of("bytea", 1001, 17),
    _array_of("int2", 1005, 21),
    _array_of("int4", 1007, 23),
    _array_of("int8", 1016, 20),
    _array_of("float8", 1022, 701),
    _array_of("timestamptz", 1185, 1184),
    _array_of("jsonb", 3807, 3802),
)
"""That of text the driver knows by itself."""
