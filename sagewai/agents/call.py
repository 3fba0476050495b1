"""The one place through which every model call passes."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from sagewai.agents import llm
from sagewai.agents.failures import WAY_OUT, Failure
from sagewai.core.retry import RetryPolicy
from sagewai.errors import ModelCallError, ModelCallRefused

if TYPE_CHECKING:
    from sagewai.models.inference import InferenceParams

Message = Mapping[str, Any]
"""A chat message in OpenAI's shape: ``{"role": "user", "content": "..."}``."""

LONGEST_WAIT = 30.0
"""Seconds: where a provider asks for a longer wait than this, the call fails at once and the step's retries decide."""


@dataclass(frozen=True, slots=True)
class ModelCall:
    """A model call, fully resolved. (branch, agent, position) identify it within its step, whatever arrives first;
    ``position`` counts the agent's calls in the branch from 1, and is 0 outside a durable step."""

    agent: str
    branch: str
    position: int
    model: str
    messages: tuple[Message, ...] = field(repr=False)
    params: InferenceParams
    retries: int
    backoff: RetryPolicy


async def complete(call: ModelCall) -> llm.Answer:
    """The model's answer, after as many tries as the call allows.

    Raises ModelCallError, or its child ModelCallRefused where another try can't help.
    """
    tries = 0
    while True:
        tries += 1
        outcome = await llm.request(call.model, call.messages, call.params)
        if isinstance(outcome, llm.Answer):
            return outcome
        if not outcome.transient or tries > call.retries or (outcome.retry_after or 0.0) > LONGEST_WAIT:
            raise _error(call, outcome, tries)
        await asyncio.sleep(max(call.backoff.wait(tries), outcome.retry_after or 0.0))


def _error(call: ModelCall, failure: Failure, tries: int) -> ModelCallError:
    text = f"agent {call.agent!r} got no answer from model {call.model!r}: {failure.kind}"
    if failure.status is not None:
        text += f" (HTTP {failure.status})"
    if tries > 1:
        text += f", {tries} tries"
    if failure.detail:
        text += f": {failure.detail}"
    if failure.retry_after:
        text += f"; it asks to wait {failure.retry_after:g} s"
    if failure.kind in WAY_OUT:
        text += f"; {WAY_OUT[failure.kind]}"
    kind = ModelCallError if failure.transient else ModelCallRefused
    return kind(text, model=call.model, agent=call.agent, kind=failure.kind.value)
