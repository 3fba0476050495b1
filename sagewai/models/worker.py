"""What a worker brings to the model calls made inside its runs."""

from __future__ import annotations

from collections.abc import Mapping

from pydantic import BaseModel, ConfigDict, Field

from sagewai.models.inference import InferenceParams

_NOTHING = InferenceParams()


class WorkerCredentials(BaseModel):
    """Replaces model, endpoint and key of every agent that runs on the worker.

    ``model_overrides`` maps a model as the agent names it to the one to call; the key ``default`` stands for every
    model that isn't named. ``inference_overrides`` wins over the agent's own parameters: one for all models, or a
    mapping of the same kind, for a worker that holds a key per provider.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    model_overrides: Mapping[str, str] = Field(default_factory=dict)
    inference_overrides: InferenceParams | Mapping[str, InferenceParams] = Field(
        default_factory=InferenceParams
    )

    def model_for(self, model: str) -> str:
        """The model to call where an agent asks for ``model``."""
        return self.model_overrides.get(model, self.model_overrides.get("default", model))

    def inference_for(self, model: str) -> InferenceParams:
        """The parameters that win where an agent asks for ``model``."""
        overrides = self.inference_overrides
        if isinstance(overrides, InferenceParams):
            return overrides
        return overrides.get(model, overrides.get("default", _NOTHING))

    def secrets(self) -> list[str]:
        """Every key it holds, to be searched for in what is recorded or shown."""
        overrides = self.inference_overrides
        every = [overrides] if isinstance(overrides, InferenceParams) else overrides.values()
        return [each.api_key.get_secret_value() for each in every if each.api_key is not None]
