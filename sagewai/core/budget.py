"""What the model calls of a run may cost: looked at before each; at the limit a person is asked, or the run fails."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from sagewai.core.codec import decode, encode, shown
from sagewai.core.context import Notes
from sagewai.core.outage import answered
from sagewai.core.policies import content_digest
from sagewai.core.stores.base import Store
from sagewai.errors import BudgetExceeded, InvalidOptionError, Suspension
from sagewai.models.approval import Approval, ApprovalRequest
from sagewai.models.call import Budget, Call, Spent
from sagewai.models.status import ApprovalStatus

GATE = "budget #"
"""How the gates begin at which budgets ask; no other gate may."""

DIGITS = 12
"""After the point, of USD: a sum of prices is compared with a limit as people write both."""


def check_budget(budget: object) -> Budget:
    """``budget`` if it bounds anything; raises InvalidOptionError."""
    if not isinstance(budget, Budget):
        raise InvalidOptionError(f"budget is {shown(budget)}: give a Budget(usd=..., tokens=...)")
    if budget.usd is None and budget.tokens is None:
        raise InvalidOptionError("the budget has neither usd nor tokens: give it at least one of them")
    for name, amount in (("usd", budget.usd), ("tokens", budget.tokens)):
        if amount is not None and not (_is_amount(amount) and amount > 0):
            raise InvalidOptionError(f"the budget's {name} is {shown(amount)}: it must be a number above 0")
    if budget.tokens is not None and not isinstance(budget.tokens, int):
        raise InvalidOptionError(f"the budget's tokens are {shown(budget.tokens)}: they must be an int")
    if budget.on_exceed not in ("approve", "fail"):
        raise InvalidOptionError(
            f"the budget's on_exceed is {shown(budget.on_exceed)}: it must be 'approve' or 'fail'"
        )
    return budget


@dataclass(frozen=True, slots=True)
class _Amount:
    """USD and tokens; None where there is no limit."""

    usd: float | None
    tokens: int | None

    def __add__(self, other: _Amount) -> _Amount:
        usd = None if self.usd is None or other.usd is None else round(self.usd + other.usd, DIGITS)
        tokens = None if self.tokens is None or other.tokens is None else self.tokens + other.tokens
        return _Amount(usd, tokens)

    def is_reached(self, spent: Spent) -> bool:
        return (self.usd is not None and round(spent.cost, DIGITS) >= round(self.usd, DIGITS)) or (
            self.tokens is not None and spent.tokens >= self.tokens
        )

    def __str__(self) -> str:
        usd = [] if self.usd is None else [f"${self.usd:,.2f}" if self.usd >= 0.01 else f"${self.usd:g}"]
        tokens = [] if self.tokens is None else [f"{self.tokens:,} tokens"]
        return " and ".join(usd + tokens)


class RunBudget:
    """The budget of one run, for as long as one owner holds it: nobody else adds to what it spends meanwhile.
    ``otherwise`` is its workflow's, for a run that was submitted without one."""

    def __init__(self, store: Store, run_id: str, workflow: str, otherwise: Budget | None) -> None:
        self._store = store
        self._run_id = run_id
        self._workflow = workflow
        self._otherwise = otherwise
        self._loading: asyncio.Task[Budget | None] | None = None
        self._spent = Spent()
        self._approvals: list[Approval] | None = None

    def add(self, input_tokens: int | None, output_tokens: int | None, cost: float | None) -> None:
        """A call was made."""
        self._spent = _plus(self._spent, input_tokens, output_tokens, cost)

    async def check(self, model: str, agent: str, step: str, notes: Notes) -> None:
        """Let the call be made unless the limit is reached. Otherwise raises BudgetExceeded or a Suspension, which
        ``notes`` have then: one for all calls of an attempt."""
        if self._loading is None:
            self._loading = asyncio.create_task(self._load())
        budget = await asyncio.shield(self._loading)
        if budget is None or not _Amount(budget.usd, budget.tokens).is_reached(self._spent):
            return
        if budget.on_exceed == "fail":
            notes.fatal = BudgetExceeded(
                f"the model calls of run {self._run_id!r} have cost {_spent_text(self._spent)}, and may cost "
                f"{_Amount(budget.usd, budget.tokens)}: agent {agent!r} may not call {model!r} any more"
            )
            raise notes.fatal
        if self._approvals is None:
            asked = await answered(lambda: self._store.approvals_of(self._run_id), self._run_id)
            self._approvals = [approval for approval in asked if approval.gate.startswith(GATE)]
        allowed = _allowed(budget, self._approvals)
        if not allowed.is_reached(self._spent):
            return
        request = await self._request(budget, allowed, self._approvals, model, agent, step)
        if not any(each.gate.startswith(GATE) for each in notes.requests):
            notes.requests += (request,)
        raise Suspension(f"run {self._run_id} has used up its budget in step {step}")

    async def _load(self) -> Budget | None:
        own = await answered(lambda: self._store.get_budget(self._run_id), self._run_id)
        budget = self._otherwise if own is None else own
        if budget is not None:
            self._spent = await answered(lambda: self._store.spent(self._run_id), self._run_id)
        return budget

    async def _request(
        self,
        budget: Budget,
        allowed: _Amount,
        approvals: Iterable[Approval],
        model: str,
        agent: str,
        step: str,
    ) -> ApprovalRequest:
        """What is asked. What waits already is asked as it was: what calls under way then have cost since would change
        it."""
        for approval in approvals:
            if approval.status is ApprovalStatus.PENDING and approval.step == step:
                return _again(approval)
        calls = await answered(lambda: self._store.calls_of(self._run_id), self._run_id)
        number = 1 + len({approval.gate for approval in approvals})
        return _question(
            f"{GATE}{number}",
            self._prompt(allowed, budget, calls, _unusable(approvals)),
            {
                "budget": {"usd": allowed.usd, "tokens": allowed.tokens},
                "spent": _shown(_sum(calls)),
                "by_model": {
                    name: _shown(_sum(call for call in calls if call.model == name))
                    for name in sorted({call.model for call in calls if call.kind == "model"})
                },
                "next": {"model": model, "agent": agent},
                "further": {"usd": budget.usd, "tokens": budget.tokens},
            },
            step,
        )

    def _prompt(self, allowed: _Amount, budget: Budget, calls: Iterable[Call], unusable: str | None) -> str:
        prompt = (
            f"Run {self._run_id} of workflow {self._workflow} has spent {_spent_text(_sum(calls))} on model calls and "
            f"may spend {allowed}. Approving allows {_Amount(budget.usd, budget.tokens)} more, or what the decision's "
            'payload says: {"usd": ..., "tokens": ...}.'
        )
        return prompt if unusable is None else f"{prompt}\n\n(Asked again: {unusable})"


def _question(gate: str, prompt: str, content: dict[str, Any], step: str) -> ApprovalRequest:
    context = encode(content, what="context")
    return ApprovalRequest(step, "", gate, prompt, context, content_digest(prompt, context))


def _again(asked: Approval) -> ApprovalRequest:
    return ApprovalRequest(
        asked.step, asked.branch, asked.gate, asked.prompt, asked.context or "null", asked.digest
    )


def _allowed(budget: Budget, approvals: Iterable[Approval]) -> _Amount:
    """The budget and every further allowance that was granted."""
    allowed = _Amount(budget.usd, budget.tokens)
    for approval in approvals:
        if approval.status is ApprovalStatus.APPROVED:
            granted = _granted(budget, _payload(approval))
            allowed = allowed if granted is None else allowed + granted
    return allowed


def _payload(approval: Approval) -> object:
    given = None if approval.decision is None else approval.decision.payload
    return None if given is None else decode(given)


def _granted(budget: Budget, payload: object) -> _Amount | None:
    """What a decision allows further: what its payload leaves out as the budget has it. None: it can't be used."""
    if payload is None:
        return _Amount(budget.usd, budget.tokens)
    if not isinstance(payload, Mapping) or not payload or set(payload) - {"usd", "tokens"}:
        return None
    amounts = {name: amount for name, amount in payload.items() if amount is not None}
    if not amounts or not all(_is_amount(amount) for amount in amounts.values()) or not any(amounts.values()):
        return None
    usd, tokens = amounts.get("usd", budget.usd), amounts.get("tokens", budget.tokens)
    return _Amount(None if usd is None else float(usd), None if tokens is None else math.floor(tokens))


def _unusable(approvals: Iterable[Approval]) -> str | None:
    """Why the last decision allows nothing."""
    decided = [approval for approval in approvals if approval.status is ApprovalStatus.APPROVED]
    if not decided or _granted(Budget(1.0, 1), _payload(decided[-1])) is not None:
        return None
    decision = decided[-1].decision
    by = "the reviewer" if decision is None else decision.reviewer.name
    return (
        f'{by} gave {shown(_payload(decided[-1]))} as the further allowance; it must be like {{"usd": 1.5}}'
    )


def _is_amount(amount: object) -> bool:
    return (
        isinstance(amount, int | float) and not isinstance(amount, bool) and 0 <= amount < 1e15  # a NaN isn't
    )


def _sum(calls: Iterable[Call]) -> Spent:
    spent = Spent()
    for call in calls:
        if call.kind == "model":
            spent = _plus(spent, call.input_tokens, call.output_tokens, call.cost)
    return spent


def _plus(spent: Spent, input_tokens: int | None, output_tokens: int | None, cost: float | None) -> Spent:
    return Spent(
        calls=spent.calls + 1,
        input_tokens=spent.input_tokens + (input_tokens or 0),
        output_tokens=spent.output_tokens + (output_tokens or 0),
        cost=spent.cost + (cost or 0.0),
        unpriced=spent.unpriced + (cost is None),
    )


def _shown(spent: Spent) -> dict[str, Any]:
    return {
        "usd": round(spent.cost, DIGITS),
        "tokens": spent.tokens,
        "calls": spent.calls,
        "unpriced": spent.unpriced,
    }


def _spent_text(spent: Spent) -> str:
    text = str(_Amount(round(spent.cost, DIGITS), spent.tokens))
    return (
        text
        if not spent.unpriced
        else f"{text} ({spent.unpriced} of {spent.calls} calls at an unknown price)"
    )
