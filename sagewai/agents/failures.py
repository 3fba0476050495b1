"""What a failed try of a model call means: its kind, whether trying again can help, and a text free of secrets. Pure.

Recognised by class names and status codes, so that nothing here needs the library that raised the exception.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum

from sagewai.core.redact import HIDDEN, redact

MAX_DETAIL = 400

_SHORTEST_KEY = 4
"""Anything shorter stands for "no key", as local servers want it, and is part of too many words."""


class Kind(StrEnum):
    """The catalogue of failures; the text is what an error message says."""

    RATE_LIMIT = "rate limit"
    TIMEOUT = "time-out"
    CONNECTION = "connection failed"
    SERVER = "provider error"
    MALFORMED = "malformed answer"
    EMPTY = "empty answer"
    AUTH = "authentication"
    NOT_FOUND = "not found"
    CONTEXT = "context window exceeded"
    NO_ROOM = "no room for an answer"
    CONTENT = "refused by the content filter"
    REQUEST = "bad request"


TRANSIENT = frozenset(
    {Kind.RATE_LIMIT, Kind.TIMEOUT, Kind.CONNECTION, Kind.SERVER, Kind.MALFORMED, Kind.EMPTY}
)
"""Kinds for which the same request may succeed a little later."""

WAY_OUT = {
    Kind.AUTH: "set the provider's key variable, or api_key in InferenceParams or in the worker's credentials",
    Kind.NOT_FOUND: "check the model's name, its provider prefix and api_base",
    Kind.CONNECTION: "check api_base and the network",
    Kind.CONTEXT: "shorten the message, or use a model with a larger window",
    Kind.NO_ROOM: "raise InferenceParams(max_tokens=...)",
}


@dataclass(frozen=True, slots=True)
class Failure:
    """One try that failed. ``retry_after`` in seconds is what the provider asked for."""

    kind: Kind
    status: int | None = None
    detail: str = ""
    retry_after: float | None = None

    @property
    def transient(self) -> bool:
        return self.kind in TRANSIENT


def understand(error: BaseException, secrets: Iterable[str] = ()) -> Failure:
    """The failure that ``error`` stands for. The value holds nothing of the exception itself."""
    chain = list(_chain(error))
    status = next((code for code in map(_status, chain) if code is not None), None)
    kind = _kind(chain, status)
    invented = status == 500 and (kind is not Kind.SERVER or "APIConnectionError" in _names(error))
    told = None if invented or kind not in _TOLD else status
    return Failure(kind, told, _detail(error, secrets), _retry_after(chain))


_TOLD = {Kind.RATE_LIMIT, Kind.SERVER, Kind.AUTH, Kind.NOT_FOUND, Kind.REQUEST}
"""Kinds whose status code says something that the kind doesn't."""


_TIMED_OUT = frozenset({"Timeout", "APITimeoutError", "TimeoutError", "TimeoutException"})
_LINE_BROKE = frozenset(
    {"ConnectError", "ReadError", "WriteError", "RemoteProtocolError", "ClientError", "ConnectionError"}
)
_NOT_THE_FORMAT = frozenset(
    {"JSONDecodeError", "ValidationError", "KeyError", "TypeError", "IndexError", "UnicodeDecodeError"}
)
_BY_NAME = (
    (frozenset({"RateLimitError"}), Kind.RATE_LIMIT),
    (_TIMED_OUT, Kind.TIMEOUT),
    (frozenset({"ContextWindowExceededError"}), Kind.CONTEXT),
    (frozenset({"ContentPolicyViolationError"}), Kind.CONTENT),
    (frozenset({"AuthenticationError", "PermissionDeniedError"}), Kind.AUTH),
    (frozenset({"NotFoundError"}), Kind.NOT_FOUND),
)
_BENEATH = ((_TIMED_OUT, Kind.TIMEOUT), (_LINE_BROKE, Kind.CONNECTION), (_NOT_THE_FORMAT, Kind.MALFORMED))
_BY_STATUS = {
    401: Kind.AUTH,
    403: Kind.AUTH,
    404: Kind.NOT_FOUND,
    408: Kind.TIMEOUT,
    409: Kind.SERVER,
    425: Kind.SERVER,
    429: Kind.RATE_LIMIT,
}
_BY_TEXT = (("llm provider not provided", Kind.NOT_FOUND), ("missing credentials", Kind.AUTH))


def _kind(chain: list[BaseException], status: int | None) -> Kind:
    said = _text(chain[0]).lower()
    for phrase, kind in _BY_TEXT:
        if phrase in said:
            return kind
    own = _names(chain[0])
    for names, kind in _BY_NAME:
        if names & own:
            return kind
    if status is not None and 400 <= status < 500:
        return _BY_STATUS.get(status, Kind.REQUEST)
    # What the library calls a server error is often something else underneath.
    beneath = set[str]().union(*map(_names, chain[1:] or chain))
    for names, kind in _BENEATH:
        if names & beneath:
            return kind
    return Kind.SERVER


def _text(error: BaseException) -> str:
    try:
        return str(error)
    except Exception:  # somebody else's class: a broken __str__ must not replace the failure
        return ""


def _names(error: BaseException) -> set[str]:
    return {kind.__name__ for kind in type(error).__mro__}


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    seen: set[int] = set()
    while error is not None and id(error) not in seen:
        seen.add(id(error))
        yield error
        error = error.__cause__ or error.__context__


def _status(error: BaseException) -> int | None:
    code = getattr(error, "status_code", None)
    return code if isinstance(code, int) and not isinstance(code, bool) and 100 <= code <= 599 else None


def _retry_after(chain: list[BaseException]) -> float | None:
    for error in chain:
        for holder in (error, getattr(error, "response", None)):
            for name in ("litellm_response_headers", "headers"):
                headers = getattr(holder, name, None)
                try:
                    seconds = float(headers["retry-after"])  # type: ignore[index]
                except (TypeError, KeyError, ValueError, IndexError):
                    continue
                if math.isfinite(seconds) and seconds >= 0:
                    return seconds
    return None


_DECORATION = re.compile(
    r"^(?:(?:litellm\.)?[A-Za-z]*(?:Error|Exception|Timeout)(?:: | - ))+|\. Handle with `[^`]*`\.?$"
)
_TRACE = re.compile(r"\s*(?:Traceback \(most recent call last\)|Original exception: ).*", re.DOTALL)
_MESSAGE = re.compile(r'"(?:message|error)": ?("(?:[^"\\]|\\.)*")')
_MASKED = re.compile(r"[^\s'\",]*\*{3,}[^\s'\",]*")


def _detail(error: BaseException, secrets: Iterable[str]) -> str:
    """What the provider said: one line, without the library's own decoration and without secrets."""
    text = _DECORATION.sub(
        "", _TRACE.sub("", _text(error))
    )  # the library pastes whole tracebacks, and what it had said before, into messages
    if found := _MESSAGE.search(text):
        text = _unquoted(found[1])
    known = [secret for secret in secrets if len(secret) >= _SHORTEST_KEY]
    text = _MASKED.sub(HIDDEN, redact(text, known))
    if any(secret in text for secret in known):  # too short to be cut out of a sentence
        return ""
    text = "".join(char if char.isprintable() else " " for char in text)
    text = " ".join(text.split())
    return text.rstrip(".") if len(text) <= MAX_DETAIL else text[: MAX_DETAIL - 3] + "..."


def _unquoted(text: str) -> str:
    try:
        return str(json.loads(text, strict=False))
    except ValueError:
        return text
