"""What a worker brings to the model calls made inside its runs."""

from __future__ import annotations

from collections.abc import Mapping

from pydantic import BaseModel, ConfigDict, Field

from sagewai.models.inference import InferenceParams


class WorkerCredentials(BaseModel):
    """Replaces model, endpoint and key of every agent that runs on the worker.

    ``model_overrides`` maps a model as the agent names it to the one to call; the key ``default`` stands for every
    model that isn't named. ``inference_overrides`` wins over the agent's own parameters.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    model_overrides: Mapping[str, str] = Field(default_factory=dict)
    inference_overrides: InferenceParams = Field(default_factory=InferenceParams)

    def model_for(self, model: str) -> str:
        """The model to call where an agent asks for ``model``."""
        return self.model_overrides.get(model, self.model_overrides.get("default", model))
