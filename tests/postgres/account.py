"""Whom the server runs as: PostgreSQL refuses root, so a root session lends it an existing, unprivileged account."""

from __future__ import annotations

import os
import pwd
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass

from tests.postgres.errors import PostgresUnavailable

CANDIDATES = ("postgres", "nobody", "daemon")


@dataclass(frozen=True)
class Account:
    """An existing account of this machine."""

    name: str
    uid: int
    gid: int

    def can_run(self, command: Sequence[str]) -> bool:
        """Whether the command, started as this account, ends well."""
        try:
            ended = subprocess.run(
                command,
                user=self.uid,
                group=self.gid,
                extra_groups=[],
                cwd="/",
                stdin=subprocess.DEVNULL,
                capture_output=True,
                timeout=30,
                check=False,
            )
        except (OSError, subprocess.SubprocessError):
            return False
        return ended.returncode == 0


def serving_account() -> Account | None:
    """The account to change to, or None where the session's own will do."""
    if os.geteuid() != 0:
        return None
    for name in CANDIDATES:
        try:
            entry = pwd.getpwnam(name)
        except KeyError:
            continue
        account = Account(name, entry.pw_uid, entry.pw_gid)
        if account.uid != 0 and account.can_run(["/bin/sh", "-c", ":"]):
            return account
    raise PostgresUnavailable(
        f"the tests run as root, PostgreSQL does not, and none of the accounts {', '.join(CANDIDATES)} can be used "
        "on this machine: run the tests as an ordinary user, or name a running server in SAGEWAI_TEST_POSTGRES_URL"
    )
