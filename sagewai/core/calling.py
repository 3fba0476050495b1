"""A call inside a step: as it is about to be made, what came of it, and what is kept of that. Values."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import Literal

from sagewai.core.codec import digest


@dataclass(frozen=True)
class Asked:
    """A call as it is about to be made. With other ``content`` (JSON text, always written alike) it is another call;
    ``shown`` is what is recorded of that. ``position`` counts the name's calls in the branch from 1, in the order they
    were begun."""

    kind: Literal["model", "once"]
    branch: str
    name: str
    position: int
    content: str = field(repr=False)
    shown: str = field(repr=False)
    model: str = ""

    @cached_property
    def digest(self) -> str:
        return digest(self.content)

    @property
    def place(self) -> tuple[str, str, str, str]:
        """Where it stands, and what it asks, without its position."""
        return self.kind, self.branch, self.name, self.digest


@dataclass(frozen=True, slots=True)
class Made:
    """What came of a call. ``response`` is JSON text, ``cost`` in USD."""

    response: str = field(repr=False)
    model: str = ""
    input_tokens: int | None = None
    output_tokens: int | None = None
    cost: float | None = None


@dataclass(frozen=True, slots=True)
class Kept:
    """A recorded response, and the position under which it is recorded."""

    response: str = field(repr=False)
    position: int
