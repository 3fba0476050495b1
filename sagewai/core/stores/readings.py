"""The part of the store contract that only reads: runs, their history, approvals, dead letters, counters."""

from __future__ import annotations

from abc import ABC, abstractmethod

from sagewai.models.approval import Approval
from sagewai.models.history import Attempt, AuditEntry, DeadLetter, ErrorGroup, Event
from sagewai.models.page import ApprovalQuery, DeadLetterQuery, Page, RunQuery
from sagewai.models.run import Run, RunOutcome, StepInfo
from sagewai.models.session import Counts, Glance, Minute, PoolOverview
from sagewai.models.wait import Signal, Wait


class Readings(ABC):
    """What every store tells. The rules at the head of :mod:`sagewai.core.stores.base` hold here too."""

    @abstractmethod
    async def get_run(self, run_id: str) -> Run:
        """Raises RunNotFound."""

    @abstractmethod
    async def get_outcome(self, run_id: str) -> RunOutcome:
        """How the run stands, with its output or error. A rejected run's ``by`` and ``reason`` are those of its
        last rejection, else SYSTEM's EXPIRED_REASON. Raises RunNotFound."""

    @abstractmethod
    async def get_input(self, run_id: str) -> str:
        """The input's JSON text. Raises RunNotFound."""

    @abstractmethod
    async def get_results(self, run_id: str) -> dict[str, str]:
        """Recorded results as JSON text by step, in order. Raises RunNotFound."""

    @abstractmethod
    async def get_steps(self, run_id: str) -> tuple[StepInfo, ...]:
        """The declared steps of the run's definition; empty while no code has been seen. Raises RunNotFound."""

    @abstractmethod
    async def get_attempts(self, run_id: str) -> list[Attempt]:
        """Finished attempts, oldest first. Raises RunNotFound."""

    @abstractmethod
    async def get_events(
        self, run_id: str | None = None, *, after: int = 0, limit: int = 1_000
    ) -> list[Event]:
        """Events with an id above ``after``: of one run, oldest first (raises RunNotFound); without run_id the latest
        of the whole store that a person caused (source is not ``worker``), newest first."""

    @abstractmethod
    async def list_runs(self, query: RunQuery) -> Page[Run]:
        """One keyset page. The first page of any single filter costs no scan of the runs that don't match.

        Raises InvalidOptionError, as every listing does, for a cursor it didn't give and a limit outside 1 to MAX_PAGE.
        """

    @abstractmethod
    async def get_approval(self, approval_id: int) -> Approval:
        """With its whole context. Raises ApprovalNotFound."""

    @abstractmethod
    async def list_approvals(self, query: ApprovalQuery) -> Page[Approval]:
        """One page, without contexts."""

    @abstractmethod
    async def approvals_of(self, run_id: str, step: str | None = None) -> list[Approval]:
        """Every approval of a run (of one step), oldest first, with contexts; none of a run that doesn't exist."""

    @abstractmethod
    async def waits_of(self, run_id: str, step: str | None = None) -> list[Wait]:
        """Every timer and wait for a signal of a run (of one step), oldest first; none of a run that doesn't exist."""

    @abstractmethod
    async def signals_of(self, run_id: str) -> list[Signal]:
        """Every signal sent to a run, oldest first. Raises RunNotFound."""

    @abstractmethod
    async def list_audit(self, *, after: int = 0, limit: int = 1_000) -> list[AuditEntry]:
        """Entries of the audit numbered above ``after``, in order; see :mod:`sagewai.core.audit`. An entry is written
        with each event in ``history.AUDITED`` whose source isn't ``worker``, in the same transaction, with that
        event's time, actor, reason and detail."""

    @abstractmethod
    async def get_dead_letter(self, run_id: str) -> DeadLetter:
        """Raises DeadLetterNotFound."""

    @abstractmethod
    async def list_dead_letters(self, query: DeadLetterQuery) -> Page[DeadLetter]:
        """One page."""

    @abstractmethod
    async def group_dead_letters(self, limit: int = 100) -> list[ErrorGroup]:
        """Dead letters by error type, largest group first, then by type; workflows in order."""

    @abstractmethod
    async def counts(self) -> Counts:
        """Kept counters, not counted rows; statuses and pools without a run are left out."""

    @abstractmethod
    async def rates(self, minutes: int = 60) -> list[Minute]:
        """Those of the last ``minutes`` minutes in which any run came into a status, oldest first; kept as they happen,
        for a day. A minute may lack what no sweep has folded yet."""

    @abstractmethod
    async def list_pools(self) -> list[PoolOverview]:
        """Every pool that has runs that aren't terminal, or a live worker, or is paused, by name. Scripts are no
        workers."""

    @abstractmethod
    async def glance(self) -> Glance:
        """:meth:`counts` and :meth:`list_pools` as of one moment, by one statement."""

    @abstractmethod
    async def held_by(self, session: int, limit: int = 100) -> list[Run]:
        """Runs that a session holds, the newest first; none of a session that doesn't exist."""
