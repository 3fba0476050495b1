"""The part of the store contract that is about people: decisions, what operators do to runs, signals, and rights."""

from __future__ import annotations

from abc import ABC, abstractmethod

from sagewai.core.transitions import Operation
from sagewai.errors import InvalidOptionError
from sagewai.models.actor import Actor
from sagewai.models.approval import Approval, Attention, DecisionRequest
from sagewai.models.right import ANYBODY, Identity
from sagewai.models.run import Run
from sagewai.models.wait import Signal


class People(ABC):
    """What people may do with every store. The rules at the head of :mod:`sagewai.core.stores.base` hold here too."""

    @abstractmethod
    async def decide(self, request: DecisionRequest) -> Approval:
        """Record a decision: the only way an approval is approved or rejected.

        Compare-and-set on (approval, digest if given, pending), under the run's lock, before the deadline by the
        store's clock. The decision, the wake-up (wakeups + 1), the run's move, and the event commit together. APPROVE
        makes a waiting run pending (event WOKEN) once none of its approvals is pending any more. REJECT ends a run that
        isn't running as rejected and cancels its other pending approvals; a running one meets the rejection when it
        parks. Without an approval_id it is about the run's only pending approval, or where none is, its newest one: a
        caller who comes late is told what became of it. The same reviewer name repeating the same verdict on the same
        approval, with its digest or none, gets the recorded approval back.

        Where ``policy.required`` is more than one, an approval before the last needed one is recorded (decision, event
        APPROVED) and leaves it pending and the run alone. Names are judged by :mod:`sagewai.core.policies`. An approval
        past its deadline that has a rung left is not expired: the next of the ladder may decide already.
        On PostgreSQL a reviewer with rights of their own (see ``sagewai db roles``) is the session's user, whatever
        name was passed, with assurance ``db``.

        Raises RunNotFound, ApprovalNotFound (none, or of another run), ApprovalAmbiguous (several pending and no
        approval_id); then for an approval that was decided ApprovalAlreadyDecided, superseded or cancelled
        ApprovalClosed, expired or past its deadline ApprovalExpired; then ApprovalContentChanged; then
        ApprovalNotAllowed. NotPermitted where the database role may not decide. Each says who, what and when as far as
        that is known.
        """

    @abstractmethod
    async def attend(
        self, approval_id: int, attention: Attention, actor: Actor, *, seconds: float = 0.0, text: str = ""
    ) -> Approval:
        """Claim a pending approval for some ``seconds`` (again: from now), give it back, snooze it for everybody's
        inbox (0: wake it), or comment on it with ``text``. None of it hinders a decision. The event, with ``text`` as
        its reason, commits with it.

        Raises ApprovalNotFound; ApprovalAlreadyDecided, ApprovalClosed or ApprovalExpired unless it is pending
        (COMMENT is always possible); ApprovalClaimed for CLAIM and UNCLAIM when somebody else's claim isn't over.
        """

    @abstractmethod
    async def signal(self, run_id: str, name: str, payload: str, actor: Actor) -> Signal:
        """Send a signal (``payload`` is JSON text) to a run that isn't over: wakeups + 1, event SIGNALLED. If a wait
        of the run's current step (``Run.step``) is pending for it, the oldest takes it, and a waiting run becomes
        pending (event WOKEN, signal). Else it is kept: what an earlier step left waiting takes nothing any more.

        Raises RunNotFound, InvalidTransition.
        """

    @abstractmethod
    async def operate(
        self,
        run_id: str,
        operation: Operation,
        actor: Actor,
        reason: str = "",
        *,
        priority: int | None = None,
    ) -> Run:
        """Carry out CANCEL, PAUSE, RESUME, STEP, RETRY, DISCARD or SET_PRIORITY by the table of legal transitions.

        The event commits with it. CANCEL and PAUSE of a running run only ask (``Run.asked``, CANCEL_REQUESTED or
        PAUSE_REQUESTED); asking again changes nothing but adds the event, CANCEL replaces PAUSE, and PAUSE or RESUME of
        a run asked to cancel, like RESUME of a running or pending one not asked to pause, raises InvalidTransition.
        CANCEL of any other ends it and cancels its pending approvals. PAUSE ends a wait; RESUME makes the run pending,
        its step finds out what it still waits for. STEP does the same, but the run keeps being asked to pause
        (``Run.asked``), by this actor: whoever claims it records one attempt and pauses it again (event STEPPED). Until
        it is claimed RESUME takes that back, and PAUSE pauses it at once. RETRY removes the dead letter and a deadline
        that has passed, swept or not (one still ahead holds), and starts again at the first step without a checkpoint
        with attempt 1 and takeovers 0. DISCARD removes the dead letter, the run stays failed.

        Raises RunNotFound, InvalidTransition, DeadLetterNotFound (RETRY and DISCARD without one), InvalidOptionError
        (any other operation, SET_PRIORITY without ``priority``).
        """

    async def get_identity(self) -> Identity:
        """Who this store's user is by the database's word, and what its rights allow: so that what can't be done need
        not be offered. Where the database keeps no roles, whoever opens the store may do everything."""
        return ANYBODY

    async def plan_roles(self, prefix: str) -> tuple[str, ...]:
        """The SQL statements that make the roles viewer, operator, approver, worker and owner, each name beginning with
        ``prefix``, and give them their rights. Raises InvalidOptionError where the database has no roles."""
        raise InvalidOptionError(
            "this store has no roles: whoever can open it may do everything; roles are for PostgreSQL"
        )

    async def apply_roles(self, prefix: str) -> tuple[str, ...]:
        """Carry out what :meth:`plan_roles` gives, all or none; a migration does so again for what it brings. Raises
        NotPermitted too."""
        return await self.plan_roles(prefix)
