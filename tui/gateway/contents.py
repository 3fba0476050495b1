"""What an approval asks about, as a reviewer reads it: an agent's tool call and a spent budget as tables, anything else
as the JSON it is. A table is drawn only for what is exactly its shape; the JSON is always there too. Pure."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from sagewai.core.money import money
from sagewai.models.approval import Approval
from tui.format import Cell, Role, cost, exact
from tui.gateway.shape import Shaper
from tui.payload import Line, Members, Number, key_text, parsed, readable, readable_value
from tui.text import fit, width

_WIDEST = 24
"""Cells of a name in a table."""

_MODELS = 20
"""Models that a budget's table tells apart."""

_BUDGETS = "budget #"
"""How the gates begin at which budgets ask."""

_ACCOUNT = {"budget", "spent", "by_model", "next", "further"}
_MOST = 10**15
"""No sum is larger than this."""


@dataclass(frozen=True, slots=True)
class Content:
    """An approval's context: as it is, and as a table where it is a known question. ``kind`` says which, '' for none;
    ``allows`` what an approval of it brings, ``units`` what a reviewer may allow instead."""

    plain: tuple[Line, ...]
    table: tuple[Line, ...] = ()
    kind: str = ""
    allows: Cell | None = None
    units: tuple[str, ...] = ()


def content(approval: Approval, shaper: Shaper) -> Content:
    """How the context of an approval is shown."""
    context = approval.context or ""
    if not context or context in {"{}", "null"}:
        return Content(())
    plain = readable(context, shaper.scribe, shaper.glyphs)
    try:
        fields = _fields(parsed(context))
        if fields is None:
            return Content(plain)
        if (call := _tool_call(approval, fields)) is not None:
            return Content(plain, tuple(_call_table(call, shaper)), "tool call")
        if (account := _account(approval, fields)) is not None:
            limits = {"usd": account.further.usd, "tokens": account.further.tokens}
            return Content(
                plain,
                tuple(_account_table(account, shaper)),
                "budget",
                _further(account),
                tuple(unit for unit, limit in limits.items() if limit is not None),
            )
    except (ValueError, RecursionError):
        pass
    return Content(plain)


# -- tool calls ---------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _ToolCall:
    agent: str
    tool: str
    arguments: Members


def _tool_call(approval: Approval, fields: Mapping[str, object]) -> _ToolCall | None:
    """An agent's tool call: its shape, asked where only an agent asks, at the gate of that very tool."""
    if fields.keys() != {"agent", "tool", "arguments"}:
        return None
    agent, tool, arguments = fields["agent"], fields["tool"], fields["arguments"]
    if not (_is_text(agent) and _is_text(tool) and isinstance(arguments, Members)):
        return None
    place = re.search(rf"(\A|/){re.escape(str(agent))}#\d+(\.\d+)+\Z", approval.branch)
    if place is None or approval.gate != tool or approval.policy.edit_schema is None:
        return None
    return None if arguments.fields() is None else _ToolCall(str(agent), str(tool), arguments)


def _call_table(call: _ToolCall, shaper: Shaper) -> Iterator[Line]:
    yield Line(shaper.scribe.line(call.tool), Role.STRONG, head="tool   ", hang="       ")
    yield Line(shaper.scribe.line(call.agent), head="agent  ", hang="       ")
    yield Line()
    if not call.arguments:
        yield Line("it is called without arguments", Role.DIM)
        return
    names = [key_text(key, shaper.scribe) for key, _ in call.arguments]
    broad = min(_WIDEST, max(width("argument"), *map(width, names)))
    gutter = shaper.glyphs.gutter
    yield Line("value", Role.DIM, head=f"{fit('argument', broad)} {gutter} ")
    for name, (_, value) in zip(names, call.arguments, strict=True):
        if width(name) > broad:
            yield Line(name, hang="  ")
            name = ""
        head, hang = f"{fit(name, broad)} {gutter} ", f"{' ' * broad} {gutter} "
        for line in readable_value(value, shaper.scribe, shaper.glyphs):
            yield Line(line.text, line.role, head + line.head, hang + (line.hang or " " * width(line.head)))
            head = hang


# -- budgets ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Sum:
    usd: float
    tokens: int
    calls: int
    unpriced: int

    @property
    def paid(self) -> str:
        return cost(self.usd, self.calls, self.unpriced) if self.calls else "-"


@dataclass(frozen=True, slots=True)
class _Limits:
    """None where there is no limit; there is one at least."""

    usd: float | None
    tokens: int | None


@dataclass(frozen=True, slots=True)
class _Account:
    allowed: _Limits
    further: _Limits
    spent: _Sum
    by_model: tuple[tuple[str, _Sum], ...]
    model: str
    agent: str


def _account(approval: Approval, fields: Mapping[str, object]) -> _Account | None:
    """A budget that was spent: asked at a gate that only budgets have, and exactly that, down to the last number."""
    if not approval.gate.startswith(_BUDGETS) or fields.keys() != _ACCOUNT:
        return None
    allowed, further, spent = _limits(fields["budget"]), _limits(fields["further"]), _sum(fields["spent"])
    by_model, following = _fields(fields["by_model"]), _fields(fields["next"])
    if allowed is None or further is None or spent is None or by_model is None or following is None:
        return None
    if following.keys() != {"model", "agent"} or not all(map(_is_text, following.values())):
        return None
    sums = {model: _sum(value) for model, value in by_model.items()}
    known = tuple((model, each) for model, each in sums.items() if each is not None)
    if len(known) != len(sums):
        return None
    return _Account(allowed, further, spent, known, str(following["model"]), str(following["agent"]))


def _account_table(account: _Account, shaper: Shaper) -> Iterator[Line]:
    by_cost = sorted(account.by_model, key=lambda each: (-each[1].usd, -each[1].tokens, each[0]))
    names = [key_text(model, shaper.scribe) for model, _ in by_cost[:_MODELS]]
    broad = min(_WIDEST, max(9, *(width(name) + 2 for name in names), 0))
    yield _row("", ("COST", "TOKENS", "CALLS"), broad, Role.DIM)
    limits = account.allowed
    most = ("-" if limits.usd is None else money(limits.usd), _number(limits.tokens), "")
    yield _row("allowed", most, broad)
    spent = account.spent
    yield _row("spent", (spent.paid, f"{spent.tokens:,}", f"{spent.calls:,}"), broad, Role.WAITING)
    for name, (_, each) in zip(names, by_cost, strict=False):
        amounts = (each.paid, f"{each.tokens:,}", f"{each.calls:,}")
        if width(name) + 2 > broad:
            yield Line(f"  {name}", hang="    ")
            name = ""
        yield _row(f"  {name}", amounts, broad)
    if len(by_cost) > _MODELS:
        yield Line(f"  and {exact(len(by_cost) - _MODELS, 'model')} more", Role.DIM)
    if spent.unpriced:
        unknown = f"the price of {spent.unpriced:,} of its {exact(spent.calls, 'call')} isn't known"
        yield Line(f"{unknown}: the sum is that of the others", Role.WAITING)
    yield Line()
    yield Line(f"agent {shaper.short(account.agent)} calls {shaper.short(account.model)}", head="next  ")


def _row(name: str, amounts: Sequence[str], broad: int, role: Role = Role.PLAIN) -> Line:
    paid, tokens, calls = amounts
    return Line(f"{paid:>20} {tokens:>13} {calls:>7}".rstrip(), role, head=fit(name, broad))


def _further(account: _Account) -> Cell:
    """What an approval without a payload allows."""
    limits = account.further
    more = [] if limits.usd is None else [money(limits.usd)]
    more += [] if limits.tokens is None else [exact(limits.tokens, "token")]
    return Cell(f"{' and '.join(more)} more", Role.WAITING)


def further(approval: Approval) -> str:
    """What an approval of a budget would allow, as the JSON of a payload that says so."""
    fields = _fields(parsed(approval.context or ""))
    account = None if fields is None else _account(approval, fields)
    if account is None:
        return "{}"
    limits = {"usd": account.further.usd, "tokens": account.further.tokens}
    return json.dumps({unit: limit for unit, limit in limits.items() if limit is not None})


# -- reading strictly ---------------------------------------------------------------------------------------------


def _fields(value: object) -> dict[str, object] | None:
    return value.fields() if isinstance(value, Members) else None


def _limits(value: object) -> _Limits | None:
    fields = _fields(value)
    if fields is None or fields.keys() != {"usd", "tokens"}:
        return None
    usd, tokens = _amount(fields["usd"]), _count(fields["tokens"])
    if (fields["usd"] is not None and usd is None) or (fields["tokens"] is not None and tokens is None):
        return None
    return None if usd is None and tokens is None else _Limits(usd, tokens)


def _sum(value: object) -> _Sum | None:
    fields = _fields(value)
    if fields is None or fields.keys() != {"usd", "tokens", "calls", "unpriced"}:
        return None
    usd = _amount(fields["usd"])
    tokens, calls, unpriced = (_count(fields[name]) for name in ("tokens", "calls", "unpriced"))
    if usd is None or tokens is None or calls is None or unpriced is None or unpriced > calls:
        return None
    return _Sum(usd, tokens, calls, unpriced)


def _amount(value: object) -> float | None:
    if not isinstance(value, Number):
        return None
    amount = float(value)
    return amount if math.isfinite(amount) and 0 <= amount <= _MOST else None


def _count(value: object) -> int | None:
    if not isinstance(value, Number) or not value.isdecimal() or len(value) > 16:
        return None
    return int(value)


def _number(count: int | None) -> str:
    return "-" if count is None else f"{count:,}"


def _is_text(value: object) -> bool:
    return isinstance(value, str) and not isinstance(value, Number)
