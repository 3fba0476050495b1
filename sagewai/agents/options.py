"""The checks of what a UniversalAgent is given. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from sagewai.agents.answer import Message
from sagewai.agents.base import shown_kind
from sagewai.errors import AgentInputError, InvalidOptionError


def check_option(value: object, what: str, wanted: str) -> str:
    """``value`` if it is text with something in it; raises InvalidOptionError."""
    if not isinstance(value, str) or not value.strip():
        raise InvalidOptionError(f"{what} is {value!r}: it must be {wanted}")
    return value


def check_fallbacks(models: object, owner: str) -> tuple[str, ...]:
    """The models' names, in order; raises InvalidOptionError."""
    if isinstance(models, str) or not isinstance(models, Iterable):
        raise InvalidOptionError(
            f"the fallback_models of {owner} are {models!r}: they must be a list of models' names"
        )
    return tuple(check_option(model, f"a fallback model of {owner}", "a model's name") for model in models)


def check_inference(inference: object, owner: str) -> None:
    """Raise InvalidOptionError unless it is InferenceParams."""
    from sagewai.models.inference import InferenceParams

    if not isinstance(inference, InferenceParams):
        raise InvalidOptionError(
            f"the inference of {owner} is {shown_kind(inference)}: it must be InferenceParams"
        )


def check_memory(memory: object, owner: str) -> None:
    """Raise InvalidOptionError unless it has the shape of a Memory."""
    if isinstance(memory, type) or not all(
        callable(getattr(memory, name, None)) for name in ("recall", "remember")
    ):
        raise InvalidOptionError(
            f"the memory of {owner} is {shown_kind(memory)}: it must have recall() and remember(), "
            "as ConversationMemory() has"
        )


def check_conversation(messages: object, name: str) -> list[Message]:
    """The messages of a conversation given to the agent of this name; raises AgentInputError."""
    if isinstance(messages, str | bytes) or not isinstance(messages, Sequence) or not messages:
        raise AgentInputError(
            f"the conversation given to {name!r} is {'empty' if messages == [] else shown_kind(messages)}: "
            "it must be a list of messages"
        )
    return [_checked(message, at, name) for at, message in enumerate(messages)]


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
