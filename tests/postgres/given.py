"""The server that `SAGEWAI_TEST_POSTGRES_URL` names: somebody else's to start and stop, ours to make databases in."""

from __future__ import annotations

from typing import NoReturn
from urllib.parse import urlsplit

from tests.postgres.errors import PostgresUnavailable, ServerNotOurs
from tests.postgres.server import PostgresServer

VARIABLE = "SAGEWAI_TEST_POSTGRES_URL"


class GivenServer(PostgresServer):
    """Databases on a running server; its role needs the right to create them."""

    def __init__(self, url: str) -> None:
        super().__init__()
        self._given = url
        parts = urlsplit(url)
        self._address = f"{parts.hostname or 'a local socket'}"
        try:
            rows = self.execute("SELECT current_setting('server_version') AS version")
        except Exception as error:
            said = str(error).replace(parts.password, "***") if parts.password else str(error)
            raise PostgresUnavailable(
                f"{VARIABLE} is set, but the server at {self._address} can't be used: {type(error).__name__}: {said}"
            ) from None
        self._version = rows[0]["version"]

    def url(self, dbname: str) -> str:
        parts = urlsplit(self._given)
        query = f"?{parts.query}" if parts.query else ""
        return f"{parts.scheme}://{parts.netloc}/{dbname}{query}"

    def loopback_url(self, dbname: str) -> str:
        return self.url(dbname)

    @property
    def postmaster_pid(self) -> int:
        self._refuse()

    def start(self) -> None:
        self._refuse()

    def stop(self) -> None:
        self._refuse()

    def stop_immediately(self) -> None:
        self._refuse()

    def kill(self) -> None:
        self._refuse()

    def __str__(self) -> str:
        return f"PostgreSQL {self._version} at {self._address}"

    @property
    def _admin_url(self) -> str:
        return self._given

    def _refuse(self) -> NoReturn:
        raise ServerNotOurs(
            f"this test stops its PostgreSQL, and the one in {VARIABLE} is not ours: unset the variable to run it"
        )
