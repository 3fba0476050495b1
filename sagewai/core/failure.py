"""An exception as it is recorded: class, message and the frames of the user's code, free of secrets and of locals."""

from __future__ import annotations

import os
import traceback
from pathlib import Path

from sagewai.core.codec import encode
from sagewai.core.context import get_worker_credentials
from sagewai.core.redact import redact
from sagewai.models.run import ErrorInfo

MAX_NAME = 200
MAX_MESSAGE = 4_000
MAX_TRACEBACK = 20_000
MAX_FRAMES = 20
_OWN = str(Path(__file__).parent)


def describe(error: BaseException) -> ErrorInfo:
    """What is kept of ``error``. Never raises, whatever its ``__str__`` does."""
    kind = type(error)
    name = kind.__qualname__ if kind.__module__ == "builtins" else f"{kind.__module__}.{kind.__qualname__}"
    message = _message(error)
    if isinstance(error, BaseExceptionGroup):
        message += "".join(f"; {type(inner).__name__}: {_message(inner)}" for inner in error.exceptions[:5])
    secrets = known_secrets()

    def clean(text: str, limit: int) -> str:
        return _cut(_storable(redact(text, secrets)), limit)

    return ErrorInfo(
        _storable(name)[:MAX_NAME], clean(message, MAX_MESSAGE), clean(_frames(error), MAX_TRACEBACK)
    )


def told(error: BaseException) -> str:
    """What a log line may say of ``error``: its message without secrets, its class where it says nothing."""
    info = describe(error)
    return info.message or info.type


def without_secrets(text: str) -> str:
    """``text`` as it may be logged or shown: without the keys this process knows, and what is shaped like one."""
    return redact(text, known_secrets())


def _message(error: BaseException) -> str:
    try:
        return str(error)
    except BaseException as broken:  # SystemExit from a __str__ must not end what describes it
        return f"<its message can't be shown: {type(broken).__name__}>"


def error_text(info: ErrorInfo) -> str:
    """The JSON text that stores keep; its ``type`` is what dead letters are grouped by."""
    return encode({"type": info.type, "message": info.message, "traceback": info.traceback}, what="error")


def known_secrets() -> list[str]:
    """Keys this process could leak: the worker's own, and the values of ``*_API_KEY``-like environment variables."""
    secrets = [
        value
        for name in os.environ  # reading all values costs more than what is recorded around a call
        if name.upper().endswith(("_KEY", "_TOKEN", "_SECRET", "PASSWORD"))
        and (value := os.environ.get(name))
    ]
    credentials = get_worker_credentials()
    if credentials is not None:
        secrets += credentials.secrets()
    return secrets


def _frames(error: BaseException) -> str:
    frames = traceback.extract_tb(error.__traceback__)
    shown = [frame for frame in frames if not frame.filename.startswith(_OWN)][-MAX_FRAMES:]
    return "".join(
        f"{frame.filename}:{frame.lineno} in {frame.name}\n" + (f"    {frame.line}\n" if frame.line else "")
        for frame in shown
    )


def _storable(text: str) -> str:
    """What no database keeps, as the escapes a programmer would write."""
    return text.replace("\0", "\\x00").encode("utf-8", "backslashreplace").decode()


def _cut(text: str, limit: int) -> str:
    return text if len(text) <= limit else text[:limit] + f"... ({len(text):,} characters)"
