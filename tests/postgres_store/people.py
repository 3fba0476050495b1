"""Login roles in the groups that `sagewai db roles` makes, and stores that they opened."""

from __future__ import annotations

import secrets
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass

from sagewai.core.stores.postgres import PostgresStore
from sagewai.core.stores.postgres.grants import KINDS
from tests.contract.scene import Scene
from tests.postgres.server import PostgresServer
from tests.postgres_store.test_secrets import with_login

PASSWORD = "pw"


@dataclass(frozen=True, slots=True)
class People:
    """Group roles share a prefix that no other test has; ``url(login)`` is of somebody who was ``hired``."""

    server: PostgresServer
    database: str
    prefix: str
    logins: list[str]

    def hire(self, name: str, *kinds: str) -> str:
        """A login in these groups; its name, which is also who the database says decides."""
        login = f"{self.prefix}{name}"
        self.server.execute(f"create role {login} login password '{PASSWORD}'")
        self.logins.append(login)
        for kind in kinds:
            self.server.execute(f"grant {self.prefix}{kind} to {login}")
        return login

    def url(self, login: str) -> str:
        return with_login(self.server.loopback_url(self.database), f"{login}:{PASSWORD}")

    def store(self, login: str) -> PostgresStore:
        return PostgresStore(self.url(login))


@contextmanager
def people(server: PostgresServer, postgres_url: str) -> Iterator[People]:
    """At the end the roles are gone, with what they own in the database."""
    database = postgres_url.rpartition("/")[2].partition("?")[0]
    everybody = People(server, database, f"t{secrets.token_hex(4)}_", [])
    try:
        yield everybody
    finally:
        groups = [everybody.prefix + kind for kind in KINDS]
        known = [
            row["rolname"]
            for row in server.execute(
                f"select rolname from pg_roles where starts_with(rolname, '{everybody.prefix}')"
            )
        ]
        for name in [*everybody.logins, *(group for group in groups if group in known)]:
            server.execute(f"drop owned by {name} cascade", database)
            server.execute(f"drop role {name}")


@asynccontextmanager
async def acting(staff: People, kind: str) -> AsyncIterator[Scene]:
    """Somebody of this kind, hired under its first letters."""
    async with staff.store(f"{staff.prefix}{kind[:3]}") as opened:
        yield Scene(opened)
