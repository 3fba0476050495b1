"""The database a URL names: who may see what of it, and how its connections are encrypted. Pure."""

from __future__ import annotations

import ipaddress
import os
import ssl
from dataclasses import dataclass, field
from urllib.parse import SplitResult, parse_qsl, unquote, urlencode, urlsplit

from sagewai.errors import InvalidOptionError, StoreURLError

FORM = "postgresql://user@host:port/database"

_OURS = ("pool_size", "statement_cache_size")
_SECRET = ("password", "passfile", "sslpassword")


@dataclass(frozen=True, slots=True)
class Target:
    """``url`` is for the driver and holds the password; ``shown`` is the same without any secret.

    ``tls`` None leaves encryption to the URL's own ``sslmode``, False needs none, a context verifies certificates.
    ``options`` are the URL parameters that are this store's own, not the server's.
    """

    url: str = field(repr=False)
    shown: str
    place: str
    tls: ssl.SSLContext | bool | None = field(repr=False)
    options: dict[str, int]


def read_target(url: str) -> Target:
    """Raises StoreURLError, which shows nothing of the URL but its scheme, or InvalidOptionError."""
    parts, port = _split(url)
    pairs = parse_qsl(parts.query, keep_blank_values=True)
    query = dict(pairs)
    options = {name: _count(name, query[name]) for name in _OURS if name in query}
    passed = [(name, value) for name, value in pairs if name not in _OURS]
    hosts = _hosts(parts, query)
    return Target(
        url=_join(parts.scheme, parts.netloc, parts.path, passed),
        shown=_shown(parts, passed),
        place=_place(parts, query, hosts, port),
        tls=_tls(query, hosts),
        options=options,
    )


def _split(url: str) -> tuple[SplitResult, int | None]:
    problem = f"the PostgreSQL URL can't be read: use {FORM}, with special characters of the password as %XX"
    try:
        parts = urlsplit(url.strip())
        port = parts.port if "," not in parts.netloc else None
    except ValueError:
        raise StoreURLError(problem) from None
    if parts.scheme not in {"postgresql", "postgres"}:
        raise StoreURLError(
            f"a PostgreSQL URL begins with postgresql://, not {parts.scheme[:40]!r}: use {FORM}"
        )
    if parts.fragment or "\0" in url:
        raise StoreURLError(problem)
    return parts, port


def _count(name: str, text: str) -> int:
    if not text.isascii() or not text.isdigit() or len(text) > 6:
        raise StoreURLError(f"{name} in the PostgreSQL URL is {text[:40]!r}: it must be a number")
    count = int(text)
    if name == "pool_size" and count < 1:
        raise InvalidOptionError("pool_size in the PostgreSQL URL is 0: it must be at least 1")
    return count


def _hosts(parts: SplitResult, query: dict[str, str]) -> list[str]:
    """As the driver will try them; '' stands for its default, a local socket."""
    netloc = parts.netloc.rpartition("@")[2]
    named = netloc or query.get("host") or os.environ.get("PGHOST", "")
    if netloc and "," not in netloc:
        return [parts.hostname or ""]
    return [_without_port(unquote(host)) for host in named.split(",")]


def _without_port(host: str) -> str:
    if host.startswith("["):
        return host[1:].partition("]")[0]
    return host if host.startswith("/") else host.partition(":")[0]


def _is_local(host: str) -> bool:
    host = unquote(host)
    if not host or host.startswith(("/", "@")) or host.lower() == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _tls(query: dict[str, str], hosts: list[str]) -> ssl.SSLContext | bool | None:
    if "sslmode" in query:
        return None
    if all(_is_local(host) for host in hosts):
        return False
    try:
        context = ssl.create_default_context(cafile=query.get("sslrootcert"))
        if "sslcert" in query:
            context.load_cert_chain(query["sslcert"], query.get("sslkey"))
    except OSError as error:
        raise StoreURLError(
            f"a certificate file that the PostgreSQL URL names can't be read ({error.strerror}): "
            "check sslrootcert, sslcert and sslkey"
        ) from None
    return context


def _shown(parts: SplitResult, passed: list[tuple[str, str]]) -> str:
    login, at, place = parts.netloc.rpartition("@")
    user = login.partition(":")[0]
    open_ones = [(name, value) for name, value in passed if name not in _SECRET]
    return _join(parts.scheme, user + at + place, parts.path, open_ones)


def _join(scheme: str, netloc: str, path: str, query: list[tuple[str, str]]) -> str:
    return f"{scheme}://{netloc}{path}" + (f"?{urlencode(query, safe='/')}" if query else "")


def _place(parts: SplitResult, query: dict[str, str], hosts: list[str], port: int | None) -> str:
    """How an error names it: database and host."""
    database = unquote(parts.path.lstrip("/")) or query.get("dbname") or os.environ.get("PGDATABASE", "")
    where = ", ".join(host or "the local socket" for host in hosts)
    if port is not None:
        where += f" port {port}"
    return f"database {database!r} on {where}" if database else f"the default database on {where}"
