"""Builds what an operator reads about a run's calls: each with its prompt, answer, tokens, cost and wait. Pure."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from sagewai.core.money import money
from sagewai.models.call import Budget, Call, Spent, Tail
from tui.format import Cell, Role, cost, duration, exact, number, plural
from tui.gateway.shape import Shaper
from tui.payload import Line, Members, Number, parsed, readable, readable_value
from tui.text import width

SHOWN = 100
"""Calls of a run that its tab holds, the latest."""

_EARLIER = 8
"""Conversations of an agent that a call is compared with, to show only what is new."""

_SPOKEN = 4_000
"""Characters of what is being said that are shown: its end."""

_PLAIN = frozenset({"role", "content", "name", "tool_call_id", "tool_calls"})
"""What a chat message holds that is shown as a conversation; one with anything else is shown as the JSON it is."""

_TOLD = frozenset({"text", "finish", "tool_calls", "model", "input_tokens", "output_tokens", "tries", "cost"})
"""What an answer holds that is shown as such, or stands in the call's first line already."""


@dataclass(frozen=True, slots=True)
class _Conversation:
    """What was asked, where it was a conversation: its messages, and what else was said to the model."""

    call: int
    messages: list[object]
    rest: Members


def spent_cell(spent: Spent, budget: Budget | None) -> Cell:
    """What the run's calls cost, and what they may, in few cells: ``$0.42/$1.00``; '' for a run without any."""
    if not spent.calls:
        return Cell("")
    role = Role.WAITING if spent.unpriced or _is_over(spent, budget) else Role.PLAIN
    paid = "cost unknown"
    if spent.unpriced < spent.calls:
        paid = money(spent.cost) + ("+?" if spent.unpriced else "")
    if budget is not None and budget.usd is not None:
        return Cell(f"{paid}/{money(budget.usd)}", role)
    if budget is not None and budget.tokens is not None:
        return Cell(f"{paid} {number(spent.tokens)}/{plural(budget.tokens, 'token')}", role)
    return Cell(paid, role)


def spent_fact(spent: Spent, budget: Budget | None = None) -> Cell:
    """The same in words."""
    role = Role.WAITING if spent.unpriced or _is_over(spent, budget) else Role.PLAIN
    paid = cost(spent.cost, spent.calls, spent.unpriced)
    tokens = f"{exact(spent.input_tokens, 'token')} in, {spent.output_tokens:,} out"
    allowed = ""
    if budget is not None:
        limits = [] if budget.usd is None else [money(budget.usd)]
        limits += [] if budget.tokens is None else [exact(budget.tokens, "token")]
        allowed = f"; budget {' and '.join(limits)}"
    return Cell(f"{paid} for {plural(spent.calls, 'model call')}, {tokens}{allowed}", role)


def _is_over(spent: Spent, budget: Budget | None) -> bool:
    return budget is not None and (
        (budget.usd is not None and spent.cost >= budget.usd)
        or (budget.tokens is not None and spent.tokens >= budget.tokens)
    )


def saying(tail: Tail, shaper: Shaper) -> Line:
    """The end of what a model says right now, on one line."""
    return Line(shaper.scribe.line(tail.text[-300:]), Role.RUNNING, head=f"{shaper.short(tail.name)}: ")


def live_lines(
    spent: Spent | None, budget: Budget | None, tail: Tail | None, shaper: Shaper
) -> Iterator[Line]:
    """What stands above a run's calls: what is being said, and the sum."""
    if tail is not None:
        about = (
            f"{shaper.glyphs.running} {shaper.short(tail.step)}  {shaper.short(tail.name)} is being answered"
        )
        yield Line(about, Role.RUNNING)
        yield from _quoted(tail.text[-_SPOKEN:], shaper)
        yield Line()
    if spent is not None and spent.calls:
        fact = spent_fact(spent, budget)
        yield Line(fact.text, fact.role)
        yield Line()


def call_lines(
    calls: Sequence[Call], counted: int, shaper: Shaper, step: str | None = None
) -> tuple[Line, ...]:
    """The latest ``calls`` of a run, in the order they were recorded, the last of them first; of one step where one is
    given. ``counted`` is how many the run has made."""
    lines: list[Line] = []
    before: dict[tuple[int, str], deque[_Conversation]] = {}
    blocks: list[list[Line]] = []
    earlier_ones = counted - len(calls[-SHOWN:])
    for place, call in enumerate(calls[-SHOWN:], 1 + earlier_ones):
        if step not in (None, call.step):
            continue
        asked = _conversation(place, call)
        earlier = before.setdefault((call.seq, call.name), deque(maxlen=_EARLIER))
        blocks.append(list(_call(place, call, asked, _continued(asked, earlier), shaper)))
        if asked is not None:
            earlier.append(asked)
    for block in reversed(blocks):
        lines += [*block, Line()]
    if earlier_ones > 0:
        lines.append(Line(f"{number(earlier_ones)} earlier: sagewai calls list RUN", Role.DIM))
    elif lines:
        lines.pop()
    nobody = "no step has" if step is None else f"{shaper.short(step)} hasn't"
    return tuple(lines) or (Line(f"{nobody} called a model", Role.DIM),)


def _call(
    place: int, call: Call, asked: _Conversation | None, before: _Conversation | None, shaper: Shaper
) -> Iterator[Line]:
    yield Line(_title(call, shaper), Role.STRONG, head=f"#{place} ", hang="   ")
    if call.kind == "void":
        yield Line("from here on, what this step asked before is asked anew", Role.WAITING, head="   ")
        return
    if call.request is None:
        yield Line("what was asked was too long to be kept", Role.DIM, head="   ")
    elif asked is None:
        yield from _indented(readable(call.request, shaper.scribe, shaper.glyphs), "     ")
    else:
        yield from _indented(_asked(asked, before, shaper))
    yield Line(head=f"   {'answer' if call.kind == 'model' else 'result'}")
    yield from _indented(_answered(call, shaper))


def _title(call: Call, shaper: Shaper) -> str:
    short = shaper.short
    parts = [short(call.step), short(call.name if not call.branch else f"{call.branch}/{call.name}")]
    if call.kind == "model":
        parts += [
            short(call.model or "?"),
            f"{_tokens(call.input_tokens)} in, {_tokens(call.output_tokens)} out",
            money(call.cost),
            duration(call.latency),
        ]
    elif call.kind == "once":
        parts += ["called once", duration(call.latency)]
    if call.attempt > 1:
        parts.append(f"try {call.attempt}")
    if call.round:
        parts.append(f"round {call.round + 1}")
    return "  ".join(parts)


def _tokens(count: int | None) -> str:
    return "?" if count is None else f"{count:,}"


def _continued(asked: _Conversation | None, earlier: Sequence[_Conversation]) -> _Conversation | None:
    """The earlier conversation that this one goes on with: all of that, and more."""
    if asked is None:
        return None
    goes_on = (each for each in reversed(earlier) if asked.messages[: len(each.messages)] == each.messages)
    return max(goes_on, key=lambda each: len(each.messages), default=None)


def _asked(asked: _Conversation, before: _Conversation | None, shaper: Shaper) -> Iterator[Line]:
    """The prompt; of a conversation that goes on what is new since the call before."""
    known = 0 if before is None else len(before.messages)
    if before is not None and known:
        yield Line(f"{plural(known, 'message')} as in call #{before.call}, then", Role.DIM)
    for message in asked.messages[known:]:
        yield from _message(message, shaper)
    if asked.rest and (before is None or asked.rest != before.rest):
        yield from _indented(_value(asked.rest, shaper), "  ")


def _message(message: object, shaper: Shaper) -> Iterator[Line]:
    fields = message.fields() if isinstance(message, Members) else None
    if fields is None or not fields.keys() <= _PLAIN or not _is_text(fields.get("role")):
        yield from _value(message, shaper)
        return
    name = fields.get("name")
    role = shaper.short(str(fields["role"])) + (f" {shaper.short(str(name))}" if _is_text(name) else "")
    yield Line(head=role)
    content = fields.get("content")
    if _is_text(content):
        yield from _quoted(str(content), shaper)
    elif content is not None:
        yield from _indented(_value(content, shaper), "  ")
    if fields.get("tool_calls"):
        yield from _wanted(fields["tool_calls"], shaper)


def _answered(call: Call, shaper: Shaper) -> Iterator[Line]:
    answer = _json(call.response)
    fields = answer.fields() if isinstance(answer, Members) else None
    if call.kind != "model" or fields is None or not _is_text(fields.get("text")):
        yield from _indented(readable(call.response, shaper.scribe, shaper.glyphs), "  ")
        return
    if fields["text"]:
        yield from _quoted(str(fields["text"]), shaper)
    if fields.get("tool_calls"):
        yield from _wanted(fields["tool_calls"], shaper)
    rest = Members((key, value) for key, value in fields.items() if key not in _TOLD and value is not None)
    if rest:
        yield from _indented(_value(rest, shaper), "  ")


def _wanted(calls: object, shaper: Shaper) -> Iterator[Line]:
    """The tools that a model wants called, each on a line; what isn't such a call is shown as it is."""
    for call in calls if isinstance(calls, list) and not isinstance(calls, Members) else [calls]:
        fields = call.fields() if isinstance(call, Members) else None
        if fields is not None and fields.keys() == {"id", "type", "function"}:
            function = fields["function"]
            fields = function.fields() if isinstance(function, Members) else None
        if fields is not None and fields.keys() - {"id"} == {"name", "arguments"}:
            name, arguments = fields["name"], fields["arguments"]
            if _is_text(name) and _is_text(arguments):
                text = shaper.scribe.line(f"{name} {arguments}")
                yield Line(text, Role.ACCENT, head="  wants called: ", hang="    ")
                continue
        yield Line(head="  wants called")
        yield from _indented(_value(call, shaper), "    ")


def _conversation(place: int, call: Call) -> _Conversation | None:
    request = _json(call.request)
    fields = request.fields() if isinstance(request, Members) else None
    messages = None if fields is None else fields.get("messages")
    if fields is None or not isinstance(messages, list) or isinstance(messages, Members):
        return None
    rest = Members(
        (key, value)
        for key, value in fields.items()
        if key not in {"messages", "model"} and value is not None and value != []
    )
    return _Conversation(place, messages, rest)


def _json(text: str | None) -> object:
    try:
        return None if text is None else parsed(text)
    except ValueError:
        return None


def _is_text(value: object) -> bool:
    return isinstance(value, str) and not isinstance(value, Number)


def _value(value: object, shaper: Shaper) -> tuple[Line, ...]:
    try:
        return readable_value(value, shaper.scribe, shaper.glyphs)
    except RecursionError:
        return (Line("nested too deeply to be shown: see sagewai calls show", Role.DIM),)


def _quoted(text: str, shaper: Shaper) -> Iterator[Line]:
    """Lines of a text behind a gutter that data can't fake."""
    gutter = f"  {shaper.glyphs.gutter} "
    for line in shaper.scribe.lines(text).split("\n"):
        yield Line(line, head=gutter, hang=gutter)


def _indented(lines: Sequence[Line] | Iterator[Line], by: str = "   ") -> Iterator[Line]:
    for line in lines:
        yield Line(line.text, line.role, by + line.head, by + (line.hang or " " * width(line.head)))
