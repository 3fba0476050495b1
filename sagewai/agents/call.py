"""The one place through which every model call passes: a first question, what follows a tool's result, a repair, a
stream."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from sagewai.agents import llm
from sagewai.agents.answer import Answer, Message
from sagewai.agents.failures import WAY_OUT, Failure
from sagewai.agents.recorded import answer_of
from sagewai.core.context import current_step
from sagewai.core.retry import RetryPolicy
from sagewai.errors import ModelCallError, ModelCallRefused

if TYPE_CHECKING:
    from sagewai.models.inference import InferenceParams

LONGEST_WAIT = 30.0
"""Seconds: where a provider asks for a longer wait than this, the call fails at once and the step's retries decide."""

Said = Callable[[str], None]
"""Told each piece of an answer's text while it comes."""


@dataclass(frozen=True, slots=True)
class Target:
    """A model, and how it is called. ``keyed_for`` names the model for which endpoint and key were given, if it wasn't
    this one: they are used only if both have the same provider."""

    model: str
    params: InferenceParams = field(repr=False)
    keyed_for: str | None = None


@dataclass(frozen=True, slots=True)
class ModelCall:
    """A model call, fully resolved.

    (branch, agent, position) identify it within its step, whatever arrives first: ``position`` counts the agent's
    questions in the branch from 1; what a question's answer leads to, after tools or as a repair, is counted on from 2
    in the branch ``agent#position`` beneath. Outside a durable step ``position`` is 0. ``asked`` is model and
    parameters as the agent has them; ``targets`` are what they became on this worker: the model first, then its
    fallbacks. ``tools`` have OpenAI's shape, ``output`` the name and the JSON schema of a structured answer.
    """

    agent: str
    branch: str
    position: int
    asked: Target
    targets: tuple[Target, ...]
    messages: tuple[Message, ...] = field(repr=False)
    retries: int
    backoff: RetryPolicy
    tools: tuple[Mapping[str, Any], ...] = field(default=(), repr=False)
    output: Mapping[str, Any] | None = field(default=None, repr=False)

    def content(self) -> dict[str, Any]:
        """What is asked, in plain JSON values: the same on every worker, whatever its credentials are, and without
        endpoint or key. A call with other content is another call."""
        sampling = self.asked.params.model_dump(exclude={"api_base", "api_key", "timeout"}, exclude_none=True)
        return {
            "model": self.asked.model,
            "messages": [dict(message) for message in self.messages],
            "tools": [dict(tool) for tool in self.tools],
            "output": None if self.output is None else dict(self.output),
            "sampling": sampling,
        }

    def secrets(self) -> list[str]:
        """Every key it could be made with."""
        keys = (each.params.api_key for each in (self.asked, *self.targets))
        return [key.get_secret_value() for key in keys if key is not None]


async def complete(call: ModelCall, said: Said | None = None) -> Answer:
    """The model's answer, after as many tries as the call allows, or else that of a fallback. With ``said`` the answer
    is streamed: once text of it was told, a failure is raised at once, as what was told can't be taken back.

    In a durable step the answer is recorded, and one that is recorded already is given without asking. Raises
    ModelCallError, or its child ModelCallRefused where another try can't help, and what a record can raise.
    """
    step = current_step()
    if step is None:
        return await _ask_all(call, said)
    heard = said

    if said is not None:

        def heard(piece: str) -> None:
            step.calls.hear(call.agent, piece)
            said(piece)

    return await answer_of(step, call, lambda: _ask_all(call, heard), said)


async def _ask_all(call: ModelCall, said: Said | None) -> Answer:
    told = 0

    def telling(piece: str) -> None:
        nonlocal told
        told += len(piece)
        if said is not None:
            said(piece)

    failed: list[_Failed] = []
    tries = 0
    for target in call.targets:
        outcome, spent = await _ask(call, target, None if said is None else telling, lambda: told > 0)
        tries += spent
        if isinstance(outcome, Answer):
            return replace(outcome, tries=tries)
        failed.append(_Failed(target.model, outcome, spent))
        if told:
            break
    raise _error(call, failed, told)


async def _ask(
    call: ModelCall, target: Target, said: Said | None, was_told: Callable[[], bool]
) -> tuple[Answer | Failure, int]:
    """What one model says, and how many tries that took."""
    tries = 0
    while True:
        tries += 1
        outcome = await llm.request(call, target, said)
        if isinstance(outcome, Answer) or not outcome.transient or was_told():
            return outcome, tries
        if tries > call.retries or (outcome.retry_after or 0.0) > LONGEST_WAIT:
            return outcome, tries
        await asyncio.sleep(max(call.backoff.wait(tries), outcome.retry_after or 0.0))


@dataclass(frozen=True, slots=True)
class _Failed:
    model: str
    failure: Failure
    tries: int

    def __str__(self) -> str:
        failure = self.failure
        text = f"model {self.model!r}: {failure.kind}"
        if failure.status is not None:
            text += f" (HTTP {failure.status})"
        if self.tries > 1:
            text += f", {self.tries} tries"
        if failure.detail:
            text += f": {failure.detail}"
        if failure.retry_after:
            text += f"; it asks to wait {failure.retry_after:g} s"
        if failure.kind in WAY_OUT:
            text += f"; {WAY_OUT[failure.kind]}"
        return text


def _error(call: ModelCall, failed: Sequence[_Failed], told: int) -> ModelCallError:
    text = f"agent {call.agent!r} got no answer from " + "; then from ".join(map(str, failed))
    if told:
        text += f" (after {told:,} characters of it had been streamed)"
    kind = ModelCallError if any(each.failure.transient for each in failed) else ModelCallRefused
    first = failed[0]
    return kind(text, model=first.model, agent=call.agent, kind=first.failure.kind.value)
