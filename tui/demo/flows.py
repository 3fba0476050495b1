"""All workflows of the demo, by who runs them: the console's own worker, or the worker process with the models."""

from __future__ import annotations

from tui.demo.article import article
from tui.demo.imports import correction, order_import
from tui.demo.survey import survey

AGENTS_POOL = "agents"
MODELS = {"models": True}
"""The label of workers that can call a model; articles ask for it."""

station = [survey, order_import, correction]
agents = [survey, article]


def worker_name(pid: int) -> str:
    """How the worker process with this pid is listed."""
    return f"models-{pid}"
