"""The audit's chain: each entry's hash covers its fields and the hash before, so what is changed or cut out shows."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING

from sagewai.models.history import AuditEntry

if TYPE_CHECKING:
    from sagewai.core.stores.base import Store

BEGINNING = ""
"""The hash before the first entry."""

PAGE = 1_000


@dataclass(frozen=True, slots=True)
class Verified:
    """``entries`` were checked, the last one's hash is ``head``. ``broken`` says what is wrong where the chain breaks,
    None where it holds."""

    entries: int
    head: str
    broken: str | None = None


def link(
    before: str,
    *,
    number: int,
    at: str,
    kind: str,
    run_id: str,
    actor: str,
    source: str,
    assurance: str,
    reason: str,
    detail: str,
) -> str:
    """The entry's hash: SHA-256 (hex) of the fields in this order, each as its length in UTF-8 bytes, a colon, and the
    text, so that no two entries have one form. Every database computes the same."""
    parts = (before, str(number), at, kind, run_id, actor, source, assurance, reason, detail)
    raw = [part.encode() for part in parts]
    return hashlib.sha256(b"".join(b"%d:%b" % (len(part), part) for part in raw)).hexdigest()


def expected(before: str, entry: AuditEntry) -> str:
    """The hash that an entry must have after ``before``."""
    told = {field.name: getattr(entry, field.name) for field in fields(entry) if field.name != "hash"}
    return link(before, **told)


async def verify(store: Store, *, head: str | None = None) -> Verified:
    """Walk the whole chain. ``head`` is a hash noted earlier: the chain must still contain it, else its end was cut
    off, which the chain alone can't show."""
    before, number, seen = BEGINNING, 0, head is None
    while True:
        page = await store.list_audit(after=number, limit=PAGE)
        for entry in page:
            if entry.number != number + 1:
                return Verified(
                    number, before, f"entry {number + 1} is missing: entry {entry.number} follows"
                )
            if entry.hash != expected(before, entry):
                return Verified(
                    number, before, f"entry {entry.number} isn't what was written, or doesn't belong here"
                )
            before, number = entry.hash, entry.number
            seen = seen or before == head
        if len(page) < PAGE:
            break
    if not seen:
        return Verified(number, before, f"the noted head {head} is not in the chain: its end was cut off")
    return Verified(number, before)
