"""The one door to litellm: loads it once, quietly and off the event loop, and makes one try of a model call."""

from __future__ import annotations

import asyncio
import importlib
import logging
import math
import os
import threading
from collections.abc import Iterator, Mapping
from concurrent.futures import Future
from contextlib import contextmanager, suppress
from dataclasses import replace
from types import ModuleType
from typing import TYPE_CHECKING, Any

from sagewai.agents.answer import Answer, Pieces, read
from sagewai.agents.failures import Failure, Kind, understand
from sagewai.agents.structured import instructed
from sagewai.core.failure import known_secrets
from sagewai.errors import AgentError

if TYPE_CHECKING:
    from sagewai.agents.call import ModelCall, Said, Target
    from sagewai.models.inference import InferenceParams

DEFAULT_TIMEOUT = 300.0
"""Seconds that one try may take in all where InferenceParams names no timeout."""

_MADE_UP = "sagewai_made_up"
"""Marks an entry of litellm's table that stands there so that it asks nobody, and says nothing about a price."""

_QUIET_IMPORT = {
    "LITELLM_LOCAL_MODEL_COST_MAP": "True",  # the price table that ships with it, instead of a download
    "LITELLM_LOCAL_ANTHROPIC_BETA_HEADERS": "True",
    "LITELLM_MODE": "PRODUCTION",  # no reading of .env files into this process's environment
}
_FIRST_CALL = (
    "openai.resources",
    "httpcore",
    "litellm.proxy._types",
    "litellm.proxy.openai_files_endpoints.common_utils",
    "litellm.litellm_core_utils.default_encoding",
    "litellm.types.litellm_core_utils.streaming_chunk_builder_utils",
    "anyio._backends._asyncio",
)
"""What its first call, or its first stream, would import on the event loop, for a second and more."""
_LOGGERS = ("LiteLLM", "LiteLLM Router", "LiteLLM Proxy")


async def load() -> ModuleType:
    """The litellm module, ready for calls.

    However many callers, loops and threads ask at once, it is imported by one thread of its own while their loops go
    on. Raises AgentError if it can't be imported.
    """
    loading = _library.loading()
    return loading.result() if loading.done() else await asyncio.wrap_future(loading)


async def request(call: ModelCall, target: Target, said: Said | None = None) -> Answer | Failure:
    """One try with one model; with ``said`` as a stream. A failure is given back as a value: exceptions of the library
    and its clients hold requests and keys."""
    litellm = await load()
    params = _params(target, litellm)
    seconds = DEFAULT_TIMEOUT if params.timeout is None else params.timeout
    try:
        model = _endpoint(call, target.model)
        _keep_from_asking_about(model, litellm)
        if call.tools and not _takes_tools(model, litellm):
            return Failure(Kind.REQUEST, detail="its provider takes no tools")
        async with asyncio.timeout(seconds):
            response = await litellm.acompletion(
                model=model,
                timeout=seconds,
                max_retries=0,  # tries are counted by the caller
                drop_params=True,
                **_asked(call, model, litellm),
                **({} if said is None else {"stream": True, "stream_options": {"include_usage": True}}),
                **_given(params),
            )
            outcome = (
                read(response, target.model)
                if said is None
                else await _listened(response, target.model, said)
            )
        if isinstance(outcome, Failure):
            return outcome
        if outcome.tool_calls and not call.tools:
            return Failure(Kind.MALFORMED, detail="it calls tools, and was given none")
        return replace(outcome, cost=_cost(outcome, litellm))
    except Exception as error:
        failure = understand(error, _secrets(params))
    return (
        replace(failure, detail=f"nothing within {seconds:g} s") if failure.kind is Kind.TIMEOUT else failure
    )


async def _listened(stream: Any, model: str, said: Said) -> Answer | Failure:
    pieces = Pieces(model)
    try:
        async for chunk in stream:
            if piece := pieces.add(chunk):
                said(piece)
    finally:
        with suppress(Exception):
            await stream.aclose()
    # Where a connection ends early but in order, litellm makes up a reason to stop.
    reasons = [getattr(stream, f"{which}_finish_reason", "") for which in ("received", "intermittent")]
    if reasons == [None, None]:
        return Failure(Kind.CONNECTION, detail="the stream broke off before its end")
    return pieces.whole()


def _asked(call: ModelCall, model: str, litellm: ModuleType) -> dict[str, Any]:
    """Messages, tools and output type in the form that this model understands."""
    messages = [dict(message) for message in call.messages]
    asked: dict[str, Any] = {}
    if call.tools:
        asked["tools"] = [dict(tool) for tool in call.tools]
        # Else litellm looks for MCP servers among them, by an import of packages that it doesn't bring along.
        asked["_skip_mcp_handler"] = True
    if call.output is not None:
        # Several providers express a wanted form as a tool that must be called, which leaves no room for other tools.
        if call.tools or not litellm.supports_response_schema(model=model):
            messages = instructed(messages, call.output)
        if not call.tools:
            form = {"name": call.output["name"], "schema": call.output["schema"], "strict": False}
            asked["response_format"] = {"type": "json_schema", "json_schema": form}
    return {"messages": messages, **asked}


def _endpoint(call: ModelCall, model: str) -> str:
    # Only Ollama's chat endpoint knows tools; litellm would leave them out without a word.
    provider, _, name = model.partition("/")
    return f"ollama_chat/{name}" if call.tools and provider == "ollama" else model


def _takes_tools(model: str, litellm: ModuleType) -> bool:
    name, provider, _, _ = litellm.get_llm_provider(model=model)
    known = litellm.get_supported_openai_params(model=name, custom_llm_provider=provider)
    return known is None or "tools" in known


def _params(target: Target, litellm: ModuleType) -> InferenceParams:
    params = target.params
    if target.keyed_for is None or _provider(target.model, litellm) == _provider(target.keyed_for, litellm):
        return params
    return params.elsewhere()


def _provider(model: str, litellm: ModuleType) -> str:
    try:
        provider: str = litellm.get_llm_provider(model=model)[1]
    except Exception:  # a name that no provider claims: its own call will say so
        return ""
    return provider.removesuffix("_chat")


def _keep_from_asking_about(model: str, litellm: ModuleType) -> None:
    # About an Ollama model that its table doesn't hold litellm asks the server, several times a call, blocking the
    # event loop, without a usable time-out, and at the default address rather than the call's.
    provider = model.partition("/")[0]
    if provider in ("ollama", "ollama_chat"):
        free = {"input_cost_per_token": 0.0, "output_cost_per_token": 0.0, "max_tokens": None}
        litellm.model_cost.setdefault(
            model, {"litellm_provider": provider, "mode": "chat", **free, _MADE_UP: True}
        )


def _cost(answer: Answer, litellm: ModuleType) -> float | None:
    """What litellm's own table says, without a look at the network; None for a model that it doesn't hold."""
    model, table = answer.model, litellm.model_cost
    if answer.input_tokens is None or answer.output_tokens is None or table.get(model, {}).get(_MADE_UP):
        return None
    try:
        name, provider, _, _ = litellm.get_llm_provider(model=model)
        costs = litellm.cost_per_token(
            model=model, prompt_tokens=answer.input_tokens, completion_tokens=answer.output_tokens
        )
    except Exception:  # it has a class of its own for each way of not knowing
        return None
    cost = float(sum(costs))
    listed = {model, name, f"{provider}/{name}"} & table.keys()
    if cost == 0 and not listed:  # for some providers its way of not knowing
        return None
    return cost if math.isfinite(cost) and cost >= 0 else None


def _given(params: InferenceParams) -> dict[str, Any]:
    given = params.model_dump(exclude={"api_key", "timeout"}, exclude_none=True)
    if params.api_key is not None:
        given["api_key"] = params.api_key.get_secret_value()
    return given


def _secrets(params: InferenceParams) -> list[str]:
    own = [] if params.api_key is None else [params.api_key.get_secret_value()]
    return [*own, *known_secrets()]


class _Library:
    """litellm in this process: not asked for, being imported by a thread, or there."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._loading: Future[ModuleType] | None = None

    def loading(self) -> Future[ModuleType]:
        with self._lock:
            loading = self._loading
            if loading is None or (loading.done() and loading.exception() is not None):
                loading = self._loading = Future()
                loading.set_running_or_notify_cancel()  # a caller that gives up doesn't cancel it for the others
                threading.Thread(target=_import, args=(loading,), name="sagewai-litellm", daemon=True).start()
            return loading


_library = _Library()


def _import(loading: Future[ModuleType]) -> None:
    try:
        with _environment(_QUIET_IMPORT):
            import litellm
            from litellm.anthropic_beta_headers_manager import reload_beta_headers_config

            reload_beta_headers_config()  # else the first call to Anthropic downloads it
            for name in _FIRST_CALL:
                with suppress(ImportError):
                    importlib.import_module(name)
        litellm.suppress_debug_info = True  # it prints advice to stdout
        if "LITELLM_LOG" not in os.environ:
            for name in _LOGGERS:
                logger = logging.getLogger(name)
                if logger.level == logging.NOTSET:
                    logger.setLevel(logging.CRITICAL + 1)
    except BaseException as error:
        loading.set_exception(AgentError(f"litellm, which calls the models, can't be imported: {error!r}"))
    else:
        loading.set_result(litellm)


@contextmanager
def _environment(values: Mapping[str, str]) -> Iterator[None]:
    """Environment variables for a while; what the user has set stays."""
    added = {name: value for name, value in values.items() if name not in os.environ}
    os.environ.update(added)
    try:
        yield
    finally:
        for name, value in added.items():
            if os.environ.get(name) == value:
                del os.environ[name]
