"""Where a session's server comes from: the given one, else one of our own."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager

from tests.postgres.given import VARIABLE, GivenServer
from tests.postgres.local import local_server
from tests.postgres.server import PostgresServer


@contextmanager
def open_server() -> Iterator[PostgresServer]:
    """The server for this session; PostgresUnavailable says what was missing."""
    given = os.environ.get(VARIABLE)
    if given:
        yield GivenServer(given)
    else:
        with local_server() as server:
            yield server
