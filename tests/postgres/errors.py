"""What can go wrong before a test has its database."""

from __future__ import annotations


class PostgresUnavailable(Exception):
    """There is no PostgreSQL to test against; the text says what was tried and what to do."""


class ServerNotOurs(Exception):
    """A test wants to stop or kill a server that this session did not start."""
