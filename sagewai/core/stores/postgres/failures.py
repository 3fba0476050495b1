"""What an error of the driver means to somebody who uses the store. No text carries a password."""

from __future__ import annotations

import ssl

import asyncpg

from sagewai.errors import NotPermitted, SchemaError, StoreError, StoreRefused, StoreUnavailable

_MAX_TEXT = 300

_DATA = {"22", "23", "54"}
"""Classes of SQLSTATE that blame what was sent: data exception, integrity violation, program limit."""

_AWAY = {"08", "40", "53", "55", "57", "58", "XX"}
"""Classes that blame the moment: connection, rolled back, resources, object in use, operator, system, internal."""

_MISSING = {"42P01", "42703", "42883", "3F000"}
"""No such table, column, function or schema."""


def explain(error: Exception, place: str) -> StoreError:
    """The typed error to raise in its stead; ``place`` names database and host."""
    if isinstance(error, TimeoutError | asyncpg.QueryCanceledError):
        return StoreUnavailable(
            f"{place} didn't answer in time: look at its load and its locks, or raise the time-outs"
        )
    if isinstance(error, ssl.SSLCertVerificationError):
        return StoreUnavailable(
            f"{place} shows a certificate that can't be verified ({error.verify_message}): name its authority with "
            "?sslrootcert=FILE in the URL, or say how much to trust it with ?sslmode=require"
        )
    if isinstance(error, asyncpg.PostgresError):
        return _explain_answer(error, place)
    if isinstance(error, OSError | EOFError | asyncpg.InterfaceError | asyncpg.InternalClientError):
        return StoreUnavailable(
            f"can't reach {place} ({_text(error)}): check that PostgreSQL runs there and takes connections"
        )
    return StoreError(f"{place}: {type(error).__name__}: {_text(error)}")


def _explain_answer(error: asyncpg.PostgresError, place: str) -> StoreError:
    state, text = error.sqlstate or "", _text(error)
    if state[:2] in _DATA:
        return StoreRefused(f"{place} refused what was to be written: {text}")
    if state in _MISSING:
        return SchemaError(
            f"the schema in {place} is missing or was altered ({text}): run `sagewai db migrate`"
        )
    if state == "42501":
        return NotPermitted(f"{place} doesn't allow that: {text}: ask its owner for the right")
    if state[:2] == "28":
        return StoreUnavailable(f"{place} lets nobody in as that: {text}: check user and password of the URL")
    if state == "3D000":
        return StoreUnavailable(f"{place}: {text}: create it, or name another one in the URL")
    if "startup parameter" in text:
        return StoreUnavailable(
            f"{place} is a pooler that refuses settings ({text}): add ?statement_cache_size=0 to the URL"
        )
    if state[:2] in _AWAY or state == "25006":
        return StoreUnavailable(f"{place} can't serve this now: {text}")
    return StoreError(f"{place}: {text} ({state})")


def was_overtaken(error: StoreError, constraint: str) -> bool:
    """Whether nothing was written because somebody else wrote the same at the same time: then sending again helps."""
    cause = error.__cause__
    if isinstance(cause, asyncpg.UniqueViolationError):
        return str(cause.constraint_name) == constraint
    return isinstance(cause, asyncpg.DeadlockDetectedError)


def _text(error: Exception) -> str:
    text = " ".join(str(error).split()) or type(error).__name__
    return text if len(text) <= _MAX_TEXT else text[:_MAX_TEXT] + "..."
