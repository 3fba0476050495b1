"""What an agent remembers of earlier messages: the protocol, and a memory in this process."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Awaitable, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from sagewai.agents.answer import Message
from sagewai.core.retry import check_count


@dataclass(frozen=True, slots=True)
class Turn:
    """Which exchange is meant: one question and its answer.

    ``conversation`` is '' outside a run; inside one it is the run and the parallel branch, so that runs which share an
    agent share no memory. ``key`` is the same when the step runs again, and '' outside a run.
    """

    conversation: str
    key: str


class Memory(Protocol):
    """Where an agent's earlier turns are kept. A turn that is kept again replaces itself, in its old place."""

    def recall(self, turn: Turn) -> Sequence[Message] | Awaitable[Sequence[Message]]:
        """The conversation's messages before ``turn``, oldest first."""

    def remember(self, turn: Turn, messages: Sequence[Message]) -> Awaitable[None] | None:
        """Keep what was said in ``turn``."""


@dataclass(eq=False, slots=True)
class ConversationMemory:
    """Remembers the last ``max_turns`` turns of the last ``max_conversations`` conversations, in this process: a run
    that goes on elsewhere finds it empty there."""

    max_turns: int = 50
    max_conversations: int = 1_000
    _kept: OrderedDict[str, OrderedDict[str, tuple[Message, ...]]] = field(
        default_factory=OrderedDict, init=False, repr=False
    )
    _unnamed: int = field(default=0, init=False, repr=False)

    def __post_init__(self) -> None:
        check_count("max_turns of ConversationMemory", self.max_turns, low=1, high=100_000)
        check_count("max_conversations of ConversationMemory", self.max_conversations, low=1, high=1_000_000)

    def recall(self, turn: Turn) -> Sequence[Message]:
        messages: list[Message] = []
        for key, said in self._kept.get(turn.conversation, {}).items():
            if key == turn.key:
                break
            messages += said
        return messages

    def remember(self, turn: Turn, messages: Sequence[Message]) -> None:
        turns = self._kept.setdefault(turn.conversation, OrderedDict())
        self._kept.move_to_end(turn.conversation)
        self._unnamed += 1
        turns[turn.key or f"#{self._unnamed}"] = tuple(dict(message) for message in messages)
        while len(turns) > self.max_turns:
            turns.popitem(last=False)
        while len(self._kept) > self.max_conversations:
            self._kept.popitem(last=False)
