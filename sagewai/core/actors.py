"""Who is acting from this process, as far as the machine can tell; environment variables like USER prove nothing."""

from __future__ import annotations

import base64
import binascii
import getpass
import hashlib
import os
import socket
from functools import cache
from pathlib import Path

from sagewai.models.actor import Actor


def current_actor(source: str) -> Actor:
    """``account@host`` by the process's real uid; with assurance ``ssh`` and the key's fingerprint where the SSH
    server exposes it (``ExposeAuthInfo``): a hint, no stronger than the account."""
    name = f"{_account()}@{socket.gethostname()}"
    key = _ssh_key(os.environ.get("SSH_USER_AUTH", ""))
    if key:
        return Actor(f"{name} {key}", source=source, assurance="ssh")
    return Actor(name, source=source, assurance="os")


def as_actor(actor: Actor | str | None) -> Actor:
    """What a caller of the library passed in: a name becomes an ``api`` actor, none means this process's account."""
    if actor is None:
        return current_actor("api")
    return actor if isinstance(actor, Actor) else Actor(actor, source="api", assurance="api")


def _account() -> str:
    return _account_of(os.getuid()) if hasattr(os, "getuid") else getpass.getuser()


@cache
def _account_of(uid: int) -> str:
    """Asked once: the account database may be a directory server across the network."""
    import pwd

    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return f"uid{uid}"


def _ssh_key(path: str) -> str:
    """The fingerprint of the first public key the session's auth file names, or ''."""
    if not path:
        return ""
    try:
        lines = Path(path).read_text(encoding="ascii", errors="replace")[:10_000].splitlines()
    except OSError:
        return ""
    for line in lines:
        words = line.split()
        if len(words) >= 3 and words[0] == "publickey":
            try:
                blob = base64.b64decode(words[2], validate=True)
            except binascii.Error:
                return ""
            print_ = base64.b64encode(hashlib.sha256(blob).digest()).decode().rstrip("=")
            return f"SHA256:{print_[:16]}"
    return ""
