"""Ids that are made for runs: their own each, and side by side where they are made together."""

from __future__ import annotations

import re
import time

from sagewai.core.commands import MAX_NAME, a_run_id


def test_ids_made_together_differ_and_begin_alike() -> None:
    while time.time() % 64 > 63:  # not across the end of a minute of theirs
        time.sleep(0.1)
    made = {a_run_id("orders") for _ in range(10_000)}
    assert len(made) == 10_000
    assert all(re.fullmatch(r"orders-[a-z2-7]{12}", each) for each in made)
    assert len({each[: len("orders-") + 2] for each in made}) == 1
    assert len({each[: len("orders-") + 4] for each in made}) > 500


def test_a_long_name_leaves_room_for_the_rest() -> None:
    assert len(a_run_id("w" * 500)) == MAX_NAME
