"""What comes in: texts that no database could keep are refused, and nothing of the caller's that can change is kept."""

from __future__ import annotations

from dataclasses import replace

from sagewai.core.codec import require_storable
from sagewai.models.actor import Actor
from sagewai.models.run import Definition


def check_actor(actor: Actor, reason: str = "") -> None:
    for text in (actor.name, actor.source, actor.assurance):
        require_storable(text, "the actor")
    require_storable(reason, "the reason")


def checked(definition: Definition) -> Definition:
    """A copy that shares nothing with the caller."""
    for text in (definition.workflow, definition.version, definition.fingerprint):
        require_storable(text, "the definition")
    for step in definition.steps:
        require_storable(step.name, "a step's name")
    return replace(definition, steps=tuple(definition.steps))
