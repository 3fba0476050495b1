"""An agent that asks a model, any that litellm knows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from sagewai.agents.base import check_name, check_text
from sagewai.agents.call import Message, ModelCall, complete
from sagewai.core.context import current_branch, current_step, get_worker_credentials
from sagewai.core.retry import RetryPolicy, check_count
from sagewai.errors import AgentInputError, InvalidOptionError

if TYPE_CHECKING:
    from sagewai.models.inference import InferenceParams

BACKOFF = RetryPolicy(delay=1.0, factor=2.0, max_delay=20.0, jitter=0.5)
"""About 1, 2, 4 ... 20 s between the tries of one call, each half shorter to half longer."""

MAX_RETRIES = 20


@dataclass(frozen=True, eq=False, slots=True)
class UniversalAgent:
    """Asks ``model``, by litellm's name for it (``gpt-4o``, ``ollama/llama3.2``), with an optional system prompt.

    Inside a worker its credentials win at call time: over the model, and over every parameter of ``inference`` that
    they set. A try may take ``inference.timeout`` seconds (300 by default). Rate limits, time-outs, lost connections,
    provider errors and malformed or empty answers are tried again up to ``retries`` times, after ``backoff`` or the
    wait the provider asks for, if that is at most 30 s; what another try can't help is raised at once.
    """

    name: str
    model: str
    system_prompt: str | None = field(default=None, repr=False)
    inference: InferenceParams | None = field(default=None, repr=False, kw_only=True)
    retries: int = field(default=2, repr=False, kw_only=True)
    backoff: RetryPolicy = field(default=BACKOFF, repr=False, kw_only=True)

    def __post_init__(self) -> None:
        check_name(self.name, "UniversalAgent name")
        owner = f"UniversalAgent {self.name!r}"
        _check_str(self.model, f"the model of {owner}", "a model's name, like 'gpt-4o'")
        if self.system_prompt is not None:
            _check_str(self.system_prompt, f"the system_prompt of {owner}", "text, or None")
        if self.inference is not None:
            _check_inference(self.inference, owner)
        check_count(f"retries of {owner}", self.retries, low=0, high=MAX_RETRIES)
        if not isinstance(self.backoff, RetryPolicy):
            raise InvalidOptionError(f"the backoff of {owner} is {self.backoff!r}: it must be a RetryPolicy")

    async def chat(self, message: str) -> str:
        """The model's answer to one message. Raises ModelCallError."""
        return await self._ask(
            [{"role": "user", "content": check_text(message, f"the message to {self.name!r}")}]
        )

    async def chat_with_history(self, messages: Sequence[Message]) -> str:
        """The model's answer to a conversation in OpenAI's shape, ``[{"role": "user", "content": "..."}, ...]``.

        The agent's system prompt is put before it, unless the conversation begins with one of its own.
        """
        return await self._ask(
            [_checked(message, at, self.name) for at, message in enumerate(_listed(messages, self.name))]
        )

    async def _ask(self, messages: list[Message]) -> str:
        if self.system_prompt and messages[0]["role"] != "system":
            messages = [{"role": "system", "content": self.system_prompt}, *messages]
        return (await complete(self._call(tuple(messages)))).text

    def _call(self, messages: tuple[Message, ...]) -> ModelCall:
        # Before any await: of calls made side by side the first one gets the first position.
        model, params = self._resolved()
        branch, step = current_branch(), current_step()
        position = 0 if step is None else step.next_position(f"{branch}/{self.name} model call")
        return ModelCall(self.name, branch, position, model, messages, params, self.retries, self.backoff)

    def _resolved(self) -> tuple[str, InferenceParams]:
        from sagewai.models.inference import InferenceParams  # pydantic: not before a model is called

        params = self.inference or InferenceParams()
        credentials = get_worker_credentials()
        if credentials is None:
            return self.model, params
        return credentials.model_for(self.model), credentials.inference_overrides.over(params)


def _check_str(value: object, what: str, wanted: str) -> None:
    if not isinstance(value, str) or not value.strip():
        raise InvalidOptionError(f"{what} is {value!r}: it must be {wanted}")


def _check_inference(inference: object, owner: str) -> None:
    from sagewai.models.inference import InferenceParams

    if not isinstance(inference, InferenceParams):
        raise InvalidOptionError(
            f"the inference of {owner} is a {type(inference).__name__}: it must be InferenceParams"
        )


def _listed(messages: object, name: str) -> Sequence[object]:
    if isinstance(messages, str | bytes) or not isinstance(messages, Sequence) or not messages:
        raise AgentInputError(
            f"the conversation given to {name!r} is {'empty' if messages == [] else f'a {type(messages).__name__}'}: "
            "it must be a list of messages"
        )
    return messages


def _checked(message: object, at: int, name: str) -> Message:
    if (
        not isinstance(message, Mapping)
        or not isinstance(message.get("role"), str)
        or "content" not in message
    ):
        raise AgentInputError(
            f"message {at} of the conversation given to {name!r} must be a dict with a role and a content"
        )
    return dict(message)
