"""Which workers can take a run: those alive and active in its pool that have its code, at its version, and its labels.

Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from sagewai.core.labels import contained, encode_labels
from sagewai.models.run import LabelValue
from sagewai.models.session import Session
from sagewai.models.status import SessionStatus


def takers(
    sessions: Iterable[Session],
    *,
    pool: str,
    workflow: str,
    labels: Mapping[str, LabelValue] | None,
    version: str = "",
) -> list[Session]:
    """Those of the sessions, in their order, that could claim such a run; one of no version goes to any."""
    needed = encode_labels(labels)
    return [
        session
        for session in sessions
        if is_claiming(session)
        and session.pool == pool
        and workflow in session.workflows
        and (not version or session.versions.get(workflow, version) == version)
        and contained(needed, encode_labels(session.labels))
    ]


def is_claiming(session: Session) -> bool:
    """Whether it is a worker that lives and takes new runs; scripts execute only their own."""
    return session.live and session.kind == "worker" and session.status is SessionStatus.ACTIVE
