"""The filter language of the Runs screen: what the store's indexes answer, and what is left to sift. Pure.

``status:run,wait wf:content* pool:gpu tag:team=blue since:2h sort:changed run-7f3``: the free word begins the run id.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

from sagewai.models.page import RunQuery
from sagewai.models.status import RunStatus

if TYPE_CHECKING:
    from sagewai.models.run import Run

KEYS = ("status:", "wf:", "pool:", "tag:", "since:", "sort:", "id:")
_STATUS_WORDS = {
    "wait": RunStatus.WAITING,
    "done": RunStatus.COMPLETED,
    "ok": RunStatus.COMPLETED,
    "rej": RunStatus.REJECTED,
    "held": RunStatus.PAUSED,
}
_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400}


class FilterError(ValueError):
    """A filter that can't be read; the text says which word and what would do."""


@dataclass(frozen=True, slots=True)
class Filter:
    """What to list. ``query`` goes to the store; ``pattern`` (of the workflow's name) and ``since`` (seconds back from
    now, by submission) are sifted from what it gives."""

    text: str = ""
    query: RunQuery = field(default_factory=RunQuery)
    pattern: str | None = None
    since: float | None = None

    @property
    def is_sifted(self) -> bool:
        return self.pattern is not None or self.since is not None

    def page(self, cursor: str | None, limit: int) -> RunQuery:
        """The query of one page."""
        return replace(self.query, cursor=cursor, limit=limit)

    def keeps(self, run: Run) -> bool:
        return self.pattern is None or fnmatchcase(run.workflow, self.pattern)


def parse(text: str) -> Filter:
    """Raises FilterError."""
    found = Filter(text=" ".join(text.split()))
    for word in text.split():
        key, colon, value = word.partition(":")
        reader = _READERS.get(key) if colon else None
        if colon and reader is None:
            raise FilterError(
                f"no filter is called {key!r}: use {' '.join(KEYS)} or the beginning of a run id"
            )
        if not colon:
            reader, value = _READERS["id"], word
        if not value or reader is None:
            raise FilterError(f"{word!r} names nothing: write for instance {_EXAMPLES.get(key, 'run-7f3')}")
        found = reader(found, value)
    return found


def completions(text: str, known: Mapping[str, Sequence[str]] | None = None) -> list[str]:
    """Whole filter lines that begin with ``text`` and go one word further; ``known`` are values by their key."""
    before, _, word = text.rpartition(" ")
    lead = f"{before} " if before else ""
    if word.startswith("status:"):
        done, comma, last = word[len("status:") :].rpartition(",")
        return [f"{lead}status:{done}{comma}{status}" for status in RunStatus if status.startswith(last)]
    if word.startswith("sort:"):
        return [f"{lead}{choice}" for choice in ("sort:newest", "sort:changed") if choice.startswith(word)]
    key, colon, value = word.partition(":")
    if key == "tag" and colon and "=" not in value:
        tags = dict.fromkeys(tag.partition("=")[0] for tag in (known or {}).get("tag", ()))
        return [f"{lead}tag:{tag}=" for tag in tags if tag.startswith(value)]
    if colon:
        return [f"{lead}{key}:{each}" for each in (known or {}).get(key, ()) if each.startswith(value)]
    return [f"{lead}{key}" for key in KEYS if key.startswith(word)] if word else []


def _status(found: Filter, value: str) -> Filter:
    statuses = set(found.query.status or ())
    for word in value.split(","):
        matches = (
            [_STATUS_WORDS[word]]
            if word in _STATUS_WORDS
            else [s for s in RunStatus if word and s.startswith(word)]
        )
        if len(matches) != 1:
            raise FilterError(f"{word!r} is no status: use {', '.join(RunStatus)}")
        statuses.add(matches[0])
    return replace(found, query=replace(found.query, status=frozenset(statuses)))


def _workflow(found: Filter, value: str) -> Filter:
    if any(wild in value for wild in "*?["):
        return replace(found, pattern=value)
    return replace(found, query=replace(found.query, workflow=value))


def _pool(found: Filter, value: str) -> Filter:
    return replace(found, query=replace(found.query, pool=value))


def _tag(found: Filter, value: str) -> Filter:
    key, equals, tag = value.partition("=")
    if not key or not equals:
        raise FilterError(f"'tag:{value}' needs a key and a value: write for instance {_EXAMPLES['tag']}")
    if found.query.tag is not None:
        raise FilterError("one tag at a time: the index serves an exact one")
    return replace(found, query=replace(found.query, tag=(key, tag)))


def _since(found: Filter, value: str) -> Filter:
    match = re.fullmatch(r"(\d{1,6})([smhd])", value, re.ASCII)
    if match is None:
        raise FilterError(f"'since:{value}' is no span of time: write for instance {_EXAMPLES['since']}")
    return replace(found, since=float(int(match[1]) * _UNITS[match[2]]))


def _sort(found: Filter, value: str) -> Filter:
    if value == "newest":
        return replace(found, query=replace(found.query, order="newest"))
    if value == "changed":
        return replace(found, query=replace(found.query, order="changed"))
    raise FilterError(f"'sort:{value}' is not served by an index: use sort:newest or sort:changed")


def _prefix(found: Filter, value: str) -> Filter:
    if found.query.prefix is not None:
        raise FilterError(f"{value!r} is a second free word: only one can begin the run id")
    return replace(found, query=replace(found.query, prefix=value))


_EXAMPLES = {
    "status": "status:run,wait",
    "wf": "wf:content*",
    "pool": "pool:gpu",
    "tag": "tag:team=blue",
    "since": "since:2h",
    "sort": "sort:changed",
}
_READERS: dict[str, Callable[[Filter, str], Filter]] = {
    "status": _status,
    "wf": _workflow,
    "pool": _pool,
    "tag": _tag,
    "since": _since,
    "sort": _sort,
    "id": _prefix,
}
