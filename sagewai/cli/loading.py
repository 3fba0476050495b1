"""Workflows from the user's own module, whose failures are told in one line."""

from __future__ import annotations

import traceback
from typing import TYPE_CHECKING

from sagewai.errors import DefinitionError, SagewaiError

if TYPE_CHECKING:
    from sagewai.core.workflow import DurableWorkflow


def load(target: str) -> dict[str, DurableWorkflow]:
    """``MODULE:NAME`` as workflows by name, each with its parameters accounted for. Raises DefinitionError."""
    from sagewai.core.loading import load_workflows

    try:
        registry = load_workflows(target)
        for workflow in registry.values():
            _ = workflow.plan
        return registry
    except SagewaiError:
        raise
    except (Exception, SystemExit) as error:
        frame = traceback.extract_tb(error.__traceback__)[-1]
        raise DefinitionError(
            f"importing {target!r} failed: {type(error).__name__}: {error} ({frame.filename}:{frame.lineno})"
        ) from error
