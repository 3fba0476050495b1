"""Texts that no database could keep are refused before anything is sent."""

from __future__ import annotations

from sagewai.core.codec import require_storable
from sagewai.models.actor import Actor
from sagewai.models.run import Definition


def check_actor(actor: Actor, reason: str = "") -> None:
    for text in (actor.name, actor.source, actor.assurance):
        require_storable(text, "the actor")
    require_storable(reason, "the reason")


def check_definition(definition: Definition) -> None:
    for text in (definition.workflow, definition.version, definition.fingerprint):
        require_storable(text, "the definition")
    for step in definition.steps:
        require_storable(step.name, "a step's name")


def is_storable(text: str) -> bool:
    """Whether a row could hold it: what can't be stored can't be found either."""
    return "\0" not in text and (text.isascii() or text.encode(errors="replace").decode() == text)
