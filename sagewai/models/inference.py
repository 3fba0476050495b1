"""How a model is called: endpoint, key and sampling."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field, SecretStr


class InferenceParams(BaseModel):
    """Parameters of a model call; None leaves the provider's default. ``timeout`` in seconds, per request."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    api_base: str | None = None
    api_key: SecretStr | None = None
    temperature: float | None = None
    max_tokens: int | None = None
    top_p: float | None = None
    timeout: float | None = Field(default=None, gt=0, allow_inf_nan=False)

    def over(self, base: InferenceParams) -> InferenceParams:
        """These parameters where they are set, ``base``'s elsewhere."""
        return base.model_copy(update={name: getattr(self, name) for name in self.model_fields_set})

    def elsewhere(self) -> InferenceParams:
        """These parameters for another provider's model: endpoint and key stay behind."""
        return self.model_copy(update={"api_base": None, "api_key": None})
