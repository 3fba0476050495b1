"""Removes secrets from text before it is recorded or logged. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable

HIDDEN = "[secret]"

_SHAPES = (
    # user:password@host in any URL
    (re.compile(r"(?<=://)([^\s/:@'\"]*):[^\s/'\"]+@"), r"\1:" + HIDDEN + "@"),
    # Authorization headers
    (re.compile(r"(?i)\b(bearer|basic)\s+[A-Za-z0-9._~+/=-]{8,}"), r"\1 " + HIDDEN),
    # keys by the prefixes their issuers gave them
    (
        re.compile(r"\b(?:sk|pk|rk|xox[abprs]|gh[pousr]|glpat|AKIA|ASIA|AIza|hf)[-_]?[A-Za-z0-9_-]{16,}"),
        HIDDEN,
    ),
    # name = value, where the name's end says what it is; nothing stands before it, as that would make this quadratic
    (
        re.compile(
            r"(?i)((?:api[_-]?key|secret|password|passwd|access[_-]?token|auth[_-]?token)['\"]?\s*[:=]\s*)"
            r"(?:\"[^\"\n]{3,}\"|'[^'\n]{3,}'|[^\s'\",;&)}\]]{3,})"
        ),
        r"\1" + HIDDEN,
    ),
)
_SHORTEST = 6
"""A known secret shorter than this is not searched for: it would blank out ordinary words."""


def redact(text: str, secrets: Iterable[str] = ()) -> str:
    """``text`` without the given secrets and without anything shaped like a credential."""
    for secret in sorted((secret for secret in secrets if len(secret) >= _SHORTEST), key=len, reverse=True):
        text = text.replace(secret, HIDDEN)
    for shape, replacement in _SHAPES:
        text = shape.sub(replacement, text)
    return text
