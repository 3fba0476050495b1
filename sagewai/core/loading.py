"""MODULE:NAME becomes workflows: one, a list of them, or a dict."""

from __future__ import annotations

import importlib
import os
import sys
from collections.abc import Iterable, Mapping

from sagewai.core.workflow import DurableWorkflow
from sagewai.errors import DefinitionError, UnknownWorkflow


def load_workflows(target: str) -> dict[str, DurableWorkflow]:
    """Import ``MODULE:NAME`` (the current directory is searched first) and give its workflows by name.

    NAME is a DurableWorkflow, an iterable of them, a mapping to them, or a function without parameters that returns one
    of these. Raises DefinitionError that names what is missing. Errors of the module's own code pass through.
    """
    module_name, found, name = target.partition(":")
    if not found or not module_name or not name:
        raise DefinitionError(
            f"{target!r} doesn't name workflows: write MODULE:NAME, for instance shop.flows:workflows"
        )
    here = os.getcwd()
    if here not in sys.path and "" not in sys.path:
        sys.path.insert(0, here)
    try:
        value: object = importlib.import_module(module_name)
    except ModuleNotFoundError as error:
        if error.name and (module_name == error.name or module_name.startswith(error.name + ".")):
            raise DefinitionError(
                f"no module named {error.name!r} (from {target!r}): searched {here} and the path"
            ) from None
        raise
    for part in name.split("."):
        try:
            value = getattr(value, part)
        except AttributeError:
            raise DefinitionError(f"{module_name!r} has no {name!r} (from {target!r})") from None
    if callable(value) and not isinstance(value, DurableWorkflow):
        value = value()
    return as_registry(value, what=repr(target))


def as_registry(value: object, *, what: str = "workflow_registry") -> dict[str, DurableWorkflow]:
    """Workflows by name from one, an iterable or a mapping; a mapping's keys are the names runs are submitted under."""
    if isinstance(value, DurableWorkflow):
        return {value.name: value}
    if isinstance(value, Mapping):
        pairs = list(value.items())
    elif isinstance(value, Iterable) and not isinstance(value, str | bytes):
        pairs = [(getattr(item, "name", None), item) for item in value]
    else:
        raise DefinitionError(
            f"{what} is a {type(value).__name__}: give a workflow, a list of them or a dict"
        )
    registry: dict[str, DurableWorkflow] = {}
    for name, item in pairs:
        if not isinstance(item, DurableWorkflow):
            raise DefinitionError(f"{what} holds a {type(item).__name__} where a DurableWorkflow should be")
        if not isinstance(name, str) or name in registry:
            raise DefinitionError(
                f"{what} holds the workflow name {name!r} twice, or as something else than a str"
            )
        registry[name] = item
    if not registry:
        raise DefinitionError(f"{what} holds no workflow")
    return registry


def find(registry: Mapping[str, DurableWorkflow], name: str) -> DurableWorkflow:
    """The workflow of that name; raises UnknownWorkflow naming those that are known."""
    try:
        return registry[name]
    except KeyError:
        known = ", ".join(sorted(registry)) or "none"
        raise UnknownWorkflow(f"no code for workflow {name!r} here; known: {known}") from None
