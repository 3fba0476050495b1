"""The filter language says what the store is asked and what is sifted, and refuses what it can't read."""

from __future__ import annotations

import pytest

from sagewai.models.status import RunStatus
from tui.filters import FilterError, completions, parse


def test_words_become_one_query() -> None:
    found = parse("status:run,wait wf:content-pipeline pool:gpu tag:team=a=b sort:changed run-7f3")
    assert found.query.status == frozenset({RunStatus.RUNNING, RunStatus.WAITING})
    assert found.query.workflow == "content-pipeline"
    assert found.query.pool == "gpu"
    assert found.query.tag == ("team", "a=b")
    assert found.query.order == "changed"
    assert found.query.prefix == "run-7f3"
    assert not found.is_sifted


def test_a_run_id_with_a_colon_goes_behind_id() -> None:
    assert parse("id:tenant:42").query.prefix == "tenant:42"


def test_patterns_and_spans_of_time_are_sifted() -> None:
    found = parse("wf:content* since:2h")
    assert found.query.workflow is None
    assert found.pattern == "content*"
    assert found.since == 7200
    assert found.is_sifted


def test_nothing_is_everything() -> None:
    assert parse("   ").query == parse("").query
    assert parse("").query.status is None


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("status:nonsense", "'nonsense' is no status"),
        ("status:p", "'p' is no status"),
        ("status:", "names nothing"),
        ("color:red", "no filter is called 'color'"),
        ("tag:team", "needs a key and a value"),
        ("tag:a=b tag:c=d", "one tag at a time"),
        ("since:yesterday", "no span of time"),
        ("sort:age", "not served by an index"),
        ("run-1 run-2", "second free word"),
    ],
)
def test_what_cannot_be_read_is_named(text: str, says: str) -> None:
    with pytest.raises(FilterError, match=says):
        parse(text)


def test_completion_goes_one_word_further() -> None:
    assert completions("sta") == ["status:"]
    assert completions("pool:gpu status:run,wa") == ["pool:gpu status:run,waiting"]
    assert completions("sort:c") == ["sort:changed"]
    assert completions("") == []
