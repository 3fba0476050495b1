"""The two fixed lines above the keys: what was last said, a question to answer with text, or one to answer with y."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from textual import events
from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical
from textual.timer import Timer
from textual.widget import Widget
from textual.widgets import Input

from tui.format import Cell, Role
from tui.recall import Recall
from tui.text import one_line, width, wrap
from tui.widgets.answer import Answer, Complete, Completion, LookUp
from tui.widgets.bar import Bar

SAID_FOR = 20.0
"""Seconds that a notice stays."""

Commit = Callable[[str], Awaitable[None]]
_OFFERED = 6
"""Completions that are shown beside the question."""


@dataclass(frozen=True, slots=True)
class Question:
    """``commit`` is bound to the ids it acts on when the question is asked; nothing is looked up when it is answered.

    ``choices`` are the keys that commit where no text is asked for, and what each does.
    ``required``: an empty answer isn't taken. ``check`` says, in safe text, what is wrong with an answer, '' for
    nothing. ``hint`` stands right of the question, ``label`` before the answer, ``more`` right of the choices.
    ``complete`` gives whole answers that begin as this one does; where it gives none ``look_up`` is asked, which may
    take its time. ``recall`` are the answers that were given before.
    """

    text: Sequence[Cell]
    commit: Commit
    hint: str = ""
    label: str = ""
    required: bool = False
    initial: str = ""
    complete: Complete | None = None
    look_up: LookUp | None = None
    recall: Recall | None = None
    check: Callable[[str], str] | None = None
    choices: Mapping[str, str] = field(default_factory=lambda: {"y": "yes"})
    more: Sequence[Cell] = ()


class Prompt(Vertical, can_focus=False):
    """Line 22 says or asks; line 23 explains, or takes the answer."""

    def __init__(self) -> None:
        super().__init__(id="prompt")
        self._mode: Literal["idle", "text", "confirm"] = "idle"
        self._question: Question | None = None
        self._came_from: Widget | None = None
        self._said: tuple[Cell, ...] = ()
        self._explained: tuple[Cell, ...] = ()
        self._resting: tuple[Cell, ...] = ()
        self._forgetting: Timer | None = None
        self._say = Bar(id="say")
        self._explain = Bar(id="explain")
        self._label = Bar(id="label")
        self._answer = Answer(self.leave)
        self._entry = Horizontal(self._label, self._answer, id="entry")

    def compose(self) -> ComposeResult:
        yield self._say
        yield self._explain
        yield self._entry

    def on_mount(self) -> None:
        self._entry.display = False
        self._draw()

    @property
    def is_open(self) -> bool:
        """Whether a question waits for its answer."""
        return self._mode != "idle"

    @property
    def text(self) -> str:
        """What the two lines say, for tests."""
        return f"{self._say.text}\n{self._explain.text}"

    def say(self, *cells: Cell, explain: Sequence[Cell] = ()) -> None:
        """What happened last, for a while. An open question keeps its lines; this shows when it is answered."""
        self._said, self._explained = cells, tuple(explain)
        if self._forgetting is not None:
            self._forgetting.stop()
        self._forgetting = self.set_timer(SAID_FOR, self._forget) if cells else None
        self._draw()

    def rest(self, *lines: Cell) -> None:
        """What the two lines say while nothing else is to be said."""
        if lines != self._resting:
            self._resting = lines
            self._draw()

    def _in_two(self, cell: Cell) -> tuple[tuple[Cell, ...], tuple[Cell, ...]]:
        """What is longer than a line goes on in the second one."""
        first, *rest = wrap(cell.text, max(8, self.size.width - 1))
        return (Cell(first, cell.role),), (Cell(f" {''.join(rest)}", cell.role),) if rest else ()

    def _forget(self) -> None:
        if getattr(self.app, "is_away", False):  # nobody can have read it behind a pager
            self._forgetting = self.set_timer(SAID_FOR, self._forget)
            return
        self._said = self._explained = ()
        self._draw()

    def ask(self, question: Question) -> None:
        """Take a line of text: enter commits, esc leaves."""
        self._open("text", question)
        answer = self._answer
        completes = question.complete is not None or question.look_up is not None
        answer.suggester = (
            Completion(question.complete, question.look_up, lambda: answer.value, self._offer)
            if completes
            else None
        )
        answer.recall = question.recall
        if question.recall is not None:
            question.recall.begin()
        answer.value = question.initial
        self._label.styles.width = width(question.label) + 2
        self._label.show([Cell(f" {question.label} ", Role.ACCENT)])
        self._entry.display = True
        self._explain.display = False
        self.screen.set_focus(answer)
        answer.cursor_position = len(question.initial)

    def confirm(self, question: Question) -> None:
        """Take a yes: ``y``, or another of its choices, commits; every other key leaves."""
        self._open("confirm", question)
        self.can_focus = True
        self.screen.set_focus(self)  # now: the next key is the answer

    def amend(self, question: Question, to: Question) -> None:
        """Ask for a yes to ``to`` where ``question`` still waits for one; what was left stays left."""
        if self._question is question:
            self._question = to
            self._draw()

    def withdraw(self, question: Question, *cells: Cell, explain: Sequence[Cell] = ()) -> None:
        """Close a question that can't be answered with yes, and say why, unless it was left."""
        if self._question is question:
            self._close()
            self.say(*cells, explain=explain)

    def leave(self) -> None:
        """Close the question without doing anything."""
        self._close()
        self.say(Cell(" nothing was done", Role.DIM))

    def on_input_submitted(self, event: Input.Submitted) -> None:
        event.stop()
        question = self._question
        if question is None:
            return
        answer = event.value.strip()
        if question.required and not answer:
            self._say.show([*question.text, Cell("  it needs a reason", Role.FAILED)])
            return
        wrong = "" if question.check is None else question.check(answer)
        if wrong:
            self._say.show([*question.text, Cell(f"  {wrong}", Role.FAILED)])
            return
        if question.recall is not None:
            question.recall.add(answer)
        self._commit(answer)

    def _offer(self, found: Sequence[str]) -> None:
        """Show completions in the place of the hint; the first one stands in the line already."""
        question = self._question
        if question is None or self._mode != "text":
            return
        more = len(found) - _OFFERED
        shown = "  ".join(found[:_OFFERED]) + (f"  +{more}" if more > 0 else "")
        self._say.show(question.text, [Cell(f"{one_line(shown) or question.hint} ", Role.DIM)])

    def on_key(self, event: events.Key) -> None:
        if self._mode != "confirm":
            return
        event.stop()
        event.prevent_default()
        if self._question is not None and event.key in self._question.choices:
            self._commit(event.key)
        else:
            self.leave()

    def on_blur(self) -> None:
        if self._mode == "confirm":
            self.leave()

    def _commit(self, answer: str) -> None:
        question = self._question
        self._close()
        if question is not None:
            self.say()
            self.screen.run_worker(question.commit(answer), group="commit", exclusive=False)

    def _open(self, mode: Literal["text", "confirm"], question: Question) -> None:
        if not self.is_open:
            self._came_from = self.screen.focused
        self._mode, self._question = mode, question
        self.set_class(True, "-open")
        self._draw()

    def _close(self) -> None:
        self._mode, self._question = "idle", None
        self._entry.display = False
        self.can_focus = False
        self._explain.display = True
        self.set_class(False, "-open")
        self._draw()
        if self._came_from is not None and self._came_from.is_attached:
            self.screen.set_focus(self._came_from)

    def _draw(self) -> None:
        if not self.is_mounted:
            return
        question = self._question
        if question is None:
            said, explained = self._said, self._explained
            if not said and not explained:
                said, explained = self._resting[:1], self._resting[1:]
            elif len(said) == 1 and not explained:
                said, explained = self._in_two(said[0])
            self._say.show(said)
            self._explain.show(explained)
            return
        self._say.show(question.text, [Cell(f"{question.hint} ", Role.DIM)] if question.hint else [])
        if self._mode == "confirm":
            cells: list[Cell] = []
            for choice, what in question.choices.items():
                cells += [Cell(f" {choice}", Role.STRONG), Cell(f" {what}  ", Role.DIM)]
            other = " any other key" if question.choices else " any key"
            self._explain.show([*cells, Cell(other, Role.STRONG), Cell(" no")], question.more)
