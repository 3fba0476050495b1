"""What models are saying right now, one row per run: for whoever watches, from whatever process."""

from __future__ import annotations

from collections.abc import Mapping

from sagewai.core.stores import words
from sagewai.core.stores.sqlite.changes import head_of
from sagewai.core.stores.sqlite.rows import read_time
from sagewai.core.stores.sqlite.transaction import Transaction
from sagewai.models.call import Tail

KEPT_FOR = 3600 * 1_000_000
"""Microseconds after which a tail that was left behind goes."""


def write_tails(tx: Transaction, tails: Mapping[int, tuple[str, str, str]]) -> None:
    tx.change_many(_WRITE, [(tx.now, step, name, text, key) for key, (step, name, text) in tails.items()])
    tx.change(FORGET, tx.now - KEPT_FOR)


def tail_of(tx: Transaction, run_id: str) -> Tail | None:
    run = head_of(tx, run_id)
    row = tx.row("select step, name, text, at from tails where run = ?", run.key)
    if row is None or run.status != words.RUNNING:
        return None
    step, name, text, at = row
    return Tail(run_id, step, name, text, read_time(at))


_WRITE = """
insert into tails (run, at, step, name, text) select id, ?1, ?2, ?3, ?4 from runs where id = ?5
on conflict (run) do update set at = excluded.at, step = excluded.step, name = excluded.name, text = excluded.text
"""

FORGET = "delete from tails indexed by tails_at where at < ?"
