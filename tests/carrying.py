"""Credentials as a worker brings them, for the length of a block."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from sagewai.core.context import carry, get_worker_credentials
from sagewai.models.worker import WorkerCredentials


@contextmanager
def worker_credentials(credentials: WorkerCredentials) -> Iterator[None]:
    before = get_worker_credentials()
    carry(credentials)
    try:
        yield
    finally:
        carry(before)
