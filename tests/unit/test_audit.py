"""The audit's chain: no two entries have one form, and whatever is changed, cut out, moved or cut off shows."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import fields, replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sagewai.core.audit import BEGINNING, PAGE, Verified, expected, link, verify
from sagewai.core.stores.memory import InMemoryStore
from sagewai.models.history import AuditEntry

texts = st.text(st.characters(codec="utf-8"), max_size=8)
FIELDS = ("at", "kind", "run_id", "actor", "source", "assurance", "reason", "detail")


def entry(number: int, **told: str) -> AuditEntry:
    blank = dict.fromkeys(FIELDS, "")
    return AuditEntry(number=number, hash="", **{**blank, "actor": f"person{number}", **told})


def chain(entries: Sequence[AuditEntry]) -> list[AuditEntry]:
    """The same entries, each with the hash it must have."""
    linked: list[AuditEntry] = []
    for each in entries:
        before = linked[-1].hash if linked else BEGINNING
        linked.append(replace(each, hash=expected(before, each)))
    return linked


class Tampered(InMemoryStore):
    """A store whose audit is these entries, whoever wrote them."""

    def __init__(self, entries: Sequence[AuditEntry]) -> None:
        super().__init__()
        self.entries = entries
        self.asked: list[int] = []

    async def list_audit(self, *, after: int = 0, limit: int = 1_000) -> list[AuditEntry]:
        self.asked.append(after)
        return [each for each in self.entries if each.number > after][:limit]


async def verified(entries: Sequence[AuditEntry], *, head: str | None = None) -> Verified:
    return await verify(Tampered(entries), head=head)


TEN = chain([entry(number) for number in range(1, 11)])


# -- one link ---------------------------------------------------------------------------------------------------------


def test_a_hash_covers_each_field_with_its_length() -> None:
    """Written out once more, as another program would."""
    parts = ["", "1", "2026-01-01T00:00:00+00:00", "approved", "r1", "ü", "cli", "os", "fine", "{}"]
    names = ("at", "kind", "run_id", "actor", "source", "assurance", "reason", "detail")
    raw = b"".join(str(len(part.encode())).encode() + b":" + part.encode() for part in parts)
    told = dict(zip(names, parts[2:], strict=True))
    assert link("", number=1, **told) == hashlib.sha256(raw).hexdigest()


@given(st.lists(texts, min_size=9, max_size=9), st.lists(texts, min_size=9, max_size=9))
def test_one_hash_is_one_entry(one: list[str], other: list[str]) -> None:
    """Also where text moved from a field into its neighbour."""
    hashes = [
        link(before, number=1, **dict(zip(FIELDS, told, strict=True))) for before, *told in (one, other)
    ]
    assert (hashes[0] == hashes[1]) == (one == other)


@given(texts, texts)
def test_text_that_moves_into_the_next_field_is_another_entry(left: str, right: str) -> None:
    whole = entry(1, actor=left + right, source="")
    parted = entry(1, actor=left, source=right)
    assert (expected(BEGINNING, whole) == expected(BEGINNING, parted)) == (right == "")


def test_a_hash_depends_on_the_one_before_and_on_the_number() -> None:
    assert expected("a", entry(1)) != expected("b", entry(1))
    assert expected("a", entry(1)) != expected("a", replace(entry(1), number=2))


# -- the chain --------------------------------------------------------------------------------------------------------


async def test_an_untouched_chain_holds() -> None:
    assert await verified(TEN) == Verified(10, TEN[-1].hash, None)
    assert await verified([]) == Verified(0, BEGINNING, None)


@pytest.mark.parametrize("field", [field.name for field in fields(AuditEntry)])
@pytest.mark.parametrize("at", [0, 4, 9])
async def test_a_changed_field_shows_where_it_is(field: str, at: int) -> None:
    entries = list(TEN)
    changed: dict[str, Any] = {field: 99 if field == "number" else "x"}
    entries[at] = replace(entries[at], **changed)
    found = await verified(entries)
    assert found.broken is not None
    assert str(at + 1) in found.broken
    assert (found.entries, found.head) == (at, TEN[at - 1].hash if at else BEGINNING)


@pytest.mark.parametrize("at", [0, 4, 8])
async def test_an_entry_that_was_cut_out_is_missed(at: int) -> None:
    found = await verified(TEN[:at] + TEN[at + 1 :])
    assert found.broken == f"entry {at + 1} is missing: entry {at + 2} follows"


async def test_an_entry_cut_out_and_the_rest_renumbered_shows() -> None:
    rest = [replace(each, number=number) for number, each in enumerate(TEN[:4] + TEN[5:], 1)]
    found = await verified(rest)
    assert found.broken is not None
    assert found.entries == 4


async def test_entries_that_changed_places_show() -> None:
    swapped = [*TEN[:4], replace(TEN[5], number=5), replace(TEN[4], number=6), *TEN[6:]]
    assert (await verified(swapped)).entries == 4


async def test_a_changed_entry_with_a_hash_that_fits_shows_at_the_next() -> None:
    forged = replace(TEN[4], reason="because")
    forged = replace(forged, hash=expected(TEN[3].hash, forged))
    found = await verified([*TEN[:4], forged, *TEN[5:]])
    assert (found.entries, found.broken is not None) == (5, True)


# -- its end ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kept", [0, 6, 9])
async def test_an_end_cut_off_shows_by_a_noted_head_alone(kept: int) -> None:
    assert (await verified(TEN[:kept])).broken is None
    found = await verified(TEN[:kept], head=TEN[-1].hash)
    assert found.broken is not None
    assert TEN[-1].hash in found.broken


@pytest.mark.parametrize("at", range(10))
async def test_a_head_noted_earlier_is_found_in_a_longer_chain(at: int) -> None:
    assert (await verified(TEN, head=TEN[at].hash)).broken is None


async def test_a_chain_forged_from_the_start_does_not_hold_a_noted_head() -> None:
    forged = chain([entry(number, reason="nothing happened") for number in range(1, 11)])
    assert (await verified(forged)).broken is None
    assert (await verified(forged, head=TEN[-1].hash)).broken is not None


# -- its length -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("length", [PAGE - 1, PAGE, PAGE + 1, 2 * PAGE])
async def test_a_long_chain_is_read_page_by_page_to_its_end(length: int) -> None:
    entries = chain([entry(number) for number in range(1, length + 1)])
    store = Tampered(entries)
    assert await verify(store, head=entries[-1].hash) == Verified(length, entries[-1].hash)
    assert store.asked == list(range(0, length + 1, PAGE))
    entries[-1] = replace(entries[-1], actor="somebody else")
    assert (await verified(entries)).broken is not None
