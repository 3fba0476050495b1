"""Execute or attach: one run, followed from this process until it ends or waits for somebody."""

from __future__ import annotations

import asyncio
import logging
import random
import shlex
import time
from typing import Any

from sagewai.core.execution import Finished
from sagewai.core.failure import told
from sagewai.core.signature import WorkflowPlan
from sagewai.core.stores.base import Store
from sagewai.core.worker.script import script_host
from sagewai.errors import (
    ApprovalRejected,
    DefinitionChanged,
    LeaseLost,
    RunCancelled,
    RunFailed,
    RunInputMismatch,
    RunPaused,
    StoreUnavailable,
    WorkflowSuspended,
)
from sagewai.models.run import LeasedRun, RunOutcome, RunSpec
from sagewai.models.status import ApprovalStatus, RunStatus, WaitReason, WaitStatus

POLL = 0.5
"""Seconds between looks at a run that is executed elsewhere, with jitter; hints shorten it."""

log = logging.getLogger("sagewai.runner")

OUTAGE = 60.0
"""Seconds without any answer from the store after which whoever follows a run gives up."""

HAND_BACK = 10.0
"""Seconds that a cancelled caller waits at most for the step to stop and the run to be handed back."""


async def execute(store: Store, plan: WorkflowPlan, spec: RunSpec) -> Any:
    """Record the run and execute it here; attach where it exists. Raises as DurableWorkflow.run says."""
    inserted = await script_host(store).submit(spec)
    return await attach(store, plan, spec.run_id, lease=inserted.lease)


async def attach(
    store: Store,
    plan: WorkflowPlan,
    run_id: str,
    *,
    lease: LeasedRun | None = None,
    execute_here: bool = True,
    timeout: float | None = None,
) -> Any:
    """Follow a run to its result; with ``execute_here`` take it whenever it is ready. Raises RunNotFound."""
    follower = _Follower(store, plan, run_id, execute_here)
    async with asyncio.timeout(timeout):
        return await follower.follow(lease)


class _Follower:
    def __init__(self, store: Store, plan: WorkflowPlan, run_id: str, execute_here: bool) -> None:
        self._store = store
        self._plan = plan
        self._run_id = run_id
        self._execute_here = execute_here
        self._checked = False
        self._answered: float | None = None  # when the store was last heard of

    async def follow(self, lease: LeasedRun | None) -> Any:
        """The run's result, through outages of the store: the run itself survives them as well."""
        while True:
            try:
                return await self._follow(lease)
            except StoreUnavailable as error:
                if self._answered is None or time.monotonic() - self._answered > OUTAGE:
                    raise
                log.warning(
                    "run %s is followed further when the store answers (%s)", self._run_id, told(error)
                )
                lease = None
                await asyncio.sleep(POLL * random.uniform(0.5, 1.5))

    async def _follow(self, lease: LeasedRun | None) -> Any:
        last = self._plan.steps[-1].result
        while True:
            error: BaseException | None = None
            if lease is not None:
                self._answered = time.monotonic()
                finished = await self._drive(lease)
                self._answered = time.monotonic()
                if finished is not None:
                    if finished.status is RunStatus.COMPLETED and finished.result is not None:
                        return last.load(finished.result, what=f"the result of run {self._run_id!r}")
                    error = finished.error
                    if finished.status is RunStatus.PENDING and isinstance(error, DefinitionChanged):
                        raise error
                lease = None
            outcome = await self._store.get_outcome(self._run_id)
            self._answered = time.monotonic()
            if outcome.status is RunStatus.COMPLETED:
                if outcome.output is None:
                    return None
                return last.load(outcome.output, what=f"the result of run {self._run_id!r}")
            await self._raise_if_over(outcome, error)
            if self._execute_here:
                lease = await self._take(outcome)
                if lease is not None:
                    continue
            await self._store.wait("done", POLL * random.uniform(0.6, 1.2))

    async def _drive(self, lease: LeasedRun) -> Finished | None:
        """Execute under this lease; None when somebody else took over. The caller's cancellation hands the run back."""
        task = script_host(self._store).start(lease, self._plan)
        try:
            return await asyncio.shield(task)
        except LeaseLost:
            return None
        except asyncio.CancelledError:
            task.cancel()
            await asyncio.wait({task}, timeout=HAND_BACK)  # it goes on by itself when the store answers again
            raise

    async def _take(self, outcome: RunOutcome) -> LeasedRun | None:
        """The run, if it is ready now; otherwise do what time has made due, so that a lapsed one becomes ready."""
        host = script_host(self._store)
        if outcome.status is RunStatus.PENDING:
            if not self._checked:
                await self._check_code()
            with host.claiming():
                return await self._store.claim_run(await host.session(), self._run_id)
        await host.sweep_if_due()
        return None

    async def _check_code(self) -> None:
        """Raise where the run isn't for this code; what it has recorded is looked at by its execution."""
        run = await self._store.get_run(self._run_id)
        mine = self._plan.definition
        if run.workflow != mine.workflow:
            raise RunInputMismatch(
                f"run {self._run_id!r} belongs to workflow {run.workflow!r}, not to {mine.workflow!r}",
                run_id=self._run_id,
            )
        if run.version not in ("", mine.version):
            raise DefinitionChanged(
                f"run {self._run_id!r} is of version {run.version!r} of workflow {run.workflow!r}, this code is "
                f"{mine.version!r}: it waits for a worker with the code it began with",
                run_id=self._run_id,
            )
        self._checked = True

    async def _raise_if_over(self, outcome: RunOutcome, cause: BaseException | None) -> None:
        """Raise what the run's status means for somebody who waits for its result."""
        run_id = self._run_id
        by = f" by {outcome.by}" if outcome.by else ""
        why = f": {outcome.reason}" if outcome.reason else ""
        if outcome.status is RunStatus.REJECTED:
            raise ApprovalRejected(
                f"run {run_id!r} was rejected{by}{why}",
                run_id=run_id,
                reviewer=outcome.by,
                reason=outcome.reason,
            ) from None
        if outcome.status is RunStatus.CANCELLED:
            raise RunCancelled(f"run {run_id!r} was cancelled{by}{why}", run_id=run_id)
        if outcome.status is RunStatus.FAILED:
            error = outcome.error
            told = f"{error.code}: {error.message}" if error else "no error was recorded"
            raise RunFailed(
                f"run {run_id!r} failed at step {outcome.step!r}: {told}; it is a dead letter now, "
                f"`sagewai dlq retry {run_id}` goes on from that step",
                run_id=run_id,
                step=outcome.step,
                error_type=error.type if error else "",
            ) from cause
        if not self._execute_here:
            return
        if outcome.status is RunStatus.PAUSED:
            raise RunPaused(
                f"run {run_id!r} is paused: `sagewai runs resume {run_id}` lets it go on", run_id=run_id
            )
        if outcome.status is RunStatus.WAITING and outcome.wait is WaitReason.APPROVAL:
            raise WorkflowSuspended(await self._suspended_text(outcome), run_id=run_id)
        if (
            outcome.status is RunStatus.WAITING
            and outcome.wait is WaitReason.SIGNAL
            and outcome.due_at is None  # with a time-out, or a timer beside it, it goes on by itself
        ):
            raise WorkflowSuspended(await self._unsignalled_text(outcome), run_id=run_id)

    async def _suspended_text(self, outcome: RunOutcome) -> str:
        approvals = await self._store.approvals_of(self._run_id)
        pending = [approval for approval in approvals if approval.status is ApprovalStatus.PENDING]
        gates = ", ".join(f"{item.gate} of step {item.step!r} (approval {item.id})" for item in pending)
        which = f" --approval {pending[0].id}" if len(pending) > 1 else ""
        return (
            f"run {self._run_id!r} waits for approval at gate {gates or outcome.step}; "
            f"decide with `sagewai approvals approve {self._run_id}{which}` or `... reject`"
        )

    async def _unsignalled_text(self, outcome: RunOutcome) -> str:
        waits = await self._store.waits_of(self._run_id)
        names = dict.fromkeys(
            wait.name for wait in waits if wait.kind == "signal" and wait.status is WaitStatus.PENDING
        )
        listed = ", ".join(map(repr, names))
        name = shlex.quote(next(iter(names))) if names else "NAME"
        return (
            f"run {self._run_id!r} waits for signal {listed} in step {outcome.step!r}; "
            f"send it with `sagewai runs signal {shlex.quote(self._run_id)} {name}`"
        )
