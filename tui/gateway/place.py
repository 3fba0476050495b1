"""How a store's URL is named on the screen: short, and never with a password. Pure."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import unquote, urlsplit


def place(url: str) -> str:
    """``host/database``, a path from home, or ``memory``."""
    scheme, _, rest = url.strip().partition("://")
    if scheme == "sqlite":
        return _path(unquote(rest.removeprefix("/")))
    if scheme in {"postgresql", "postgres"}:
        try:
            parts = urlsplit(url)
            host = parts.hostname or "local"
            port = f":{parts.port}" if parts.port not in {None, 5432} else ""
        except ValueError:
            return scheme
        return f"{host}{port}{unquote(parts.path)}"
    return scheme


def _path(path: str) -> str:
    try:
        return f"~/{Path(path).expanduser().relative_to(Path.home())}"
    except (ValueError, RuntimeError):
        return path
