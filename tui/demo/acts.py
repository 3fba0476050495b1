"""The story behind the demo: what is submitted, killed, resumed, decided and retried, one act after another."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Sequence

from sagewai import Actor, ApprovalRejected, DeadLetterQueue, RunHandle, WorkflowMonitor
from sagewai.models.actor import SYSTEM
from sagewai.models.approval import Approval
from sagewai.models.run import Run
from sagewai.models.status import TERMINAL, ApprovalStatus
from tui.demo import article, checks, imports
from tui.demo.checks import Claim, Told
from tui.demo.stage import Stage
from tui.demo.telling import StoryBroken, Telling

DEMO = Actor("demo", source="demo", assurance="api")
REASON = "a notice for visitors shouldn't begin with fog"
SHOWN = 14
"""Lines of an approval's content that are told."""


class Story:
    """Plays on a stage whose workers are running; whatever waits for a person is decided by ``DEMO``."""

    def __init__(self, built: Stage, telling: Telling) -> None:
        self._stage = built
        self._tell = telling
        self._monitor = WorkflowMonitor(store=built.store)
        self._letters = DeadLetterQueue(store=built.store)
        self._writing: asyncio.Task[None]

    async def play(self) -> tuple[RunHandle, list[Claim]]:
        """The run whose worker was killed, and everything that must be true in the end."""
        notices = await self._submit()
        first, second, _ = notices
        await self._kill(notices)
        locked, broken = await self._lists()
        await self._resume(first)
        await self._approve(first)
        await self._reject(second)
        await self._correct_and_retry(broken)
        await self._writing
        await locked.result()
        await self._leave_something()
        claims = [
            *checks.killed_and_resumed(
                await self._told(first), actor=DEMO.name, bodies_of_read=self._bodies_of_read(first)
            ),
            *checks.rejected(await self._told(second), actor=DEMO.name, reason=REASON),
            *checks.flaky(await self._told(locked)),
            *checks.retried_letter(await self._told(broken), actor=DEMO.name),
        ]
        await self._tell_timeline(first)
        return first, claims

    # -- acts ---------------------------------------------------------------------------------------------------------

    async def _submit(self) -> Sequence[RunHandle]:
        self._tell.chapter("1. Submit and claim")
        notices = [await self._stage.desk.notice(text) for text in ("lamps", "fog", "stores")]
        survey = await self._stage.desk.survey()
        self._tell.say(f"submitted {_names(notices)} for the pool `agents`, {survey.run_id} for `default`")
        for handle in notices:
            run = await self._until(
                handle, "a worker to draft", lambda run: run.step == "draft" and run.status == "running"
            )
            self._tell.say(f"{run.worker} claimed {run.run_id}; `read` is recorded, `draft` is running")
        return notices

    async def _kill(self, notices: Sequence[RunHandle]) -> None:
        self._tell.chapter("2. Kill -9")
        pid = self._stage.process.kill()
        if pid is None:
            raise StoryBroken("the worker process had ended before it could be killed")
        self._tell.say(f"killed worker process {pid} with -9; it held {_names(notices)}")

    async def _lists(self) -> tuple[RunHandle, RunHandle]:
        """Meanwhile on the other worker."""
        desk = self._stage.desk
        locked, broken = desk.next_list("quarter-1"), desk.next_list("quarter-3")
        desk.announce(locked)
        desk.deliver(broken)
        handles = await desk.order_list(locked), await desk.order_list(broken)
        self._tell.say(f"submitted {_names(handles)}: one list is still being written, one can't be read")
        self._writing = asyncio.create_task(desk.deliver_slowly(locked))
        return handles

    async def _resume(self, handle: RunHandle) -> None:
        self._tell.chapter("3. Resume")
        run = await self._until(handle, "the run to be taken over", lambda run: run.token > 1)
        self._tell.say(f"{run.run_id} was taken over from the dead worker")
        run = await self._until(handle, "another worker to resume it", lambda run: run.worker is not None)
        self._tell.say(
            f"{run.worker} resumed it at `{run.step}`, under token {run.token}; it loads litellm first"
        )

    async def _approve(self, handle: RunHandle) -> None:
        self._tell.chapter("4. Approve and reject")
        approval = await self._asked(handle)
        self._tell.say(f"{handle.run_id} asks: {approval.prompt}  (digest {approval.digest[:12]})")
        shown = json.dumps(json.loads(approval.context or "null"), indent=1, ensure_ascii=False)
        self._tell.show("\n".join(shown.replace("\\n", "\n").splitlines()[:SHOWN]))
        await article.gate.approve(
            handle.run_id, DEMO, approval_id=approval.id, digest=approval.digest, reason="reads well"
        )
        self._tell.say(f"approved by {DEMO.name}: {await handle.result()}")

    async def _reject(self, handle: RunHandle) -> None:
        approval = await self._asked(handle)
        await article.gate.reject(
            handle.run_id, REASON, DEMO, approval_id=approval.id, digest=approval.digest
        )
        try:
            await handle.result()
        except ApprovalRejected as rejected:
            self._tell.say(str(rejected))

    async def _correct_and_retry(self, handle: RunHandle) -> None:
        self._tell.chapter("5. A dead letter, retried")
        letter = await self._letters.get_entry(handle.run_id)
        self._tell.say(f"{letter.run_id} is a dead letter: {letter.error.code}: {letter.error.message}")
        correction = await self._stage.desk.correct(handle.run_id)
        if correction is None:
            raise StoryBroken(f"there is no correction for {handle.run_id}")
        approval = await self._asked(correction)
        await imports.gate.approve(correction.run_id, DEMO, approval_id=approval.id, digest=approval.digest)
        self._tell.say(f"{correction.run_id}, approved by {DEMO.name}: {await correction.result()}")
        await self._letters.retry_entry(handle.run_id, actor=DEMO, reason="the list is corrected")
        self._tell.say(f"{handle.run_id}, retried by {DEMO.name}: {await handle.result()}")

    async def _leave_something(self) -> None:
        """A dead letter and an approval for the screens to show."""
        target = self._stage.desk.next_list("quarter-3")
        self._stage.desk.deliver(target)
        failing = await self._stage.desk.order_list(target)
        await self._until(failing, "a second dead letter", lambda run: run.status in TERMINAL)

    async def _tell_timeline(self, handle: RunHandle) -> None:
        self._tell.chapter(f"6. The timeline of {handle.run_id}")
        entries = await self._monitor.get_execution_timeline(handle.run_id)
        for entry in entries:
            token = entry.token and f"token {entry.token}"
            actor = f"by {entry.actor}" if entry.actor not in {"", SYSTEM.name} else ""
            words = [entry.kind, entry.step, entry.outcome, token, entry.worker, actor]
            after = (entry.at - entries[0].at).total_seconds()
            self._tell.show(f"+{after:4.1f}s  {'  '.join(str(word) for word in words if word)}")

    # -- looking ------------------------------------------------------------------------------------------------------

    async def _asked(self, handle: RunHandle) -> Approval:
        await self._until(handle, "a question to a person", lambda run: run.wait == "approval")
        detail = await self._monitor.get_execution(handle.run_id)
        return next(item for item in detail.approvals if item.status is ApprovalStatus.PENDING)

    async def _until(self, handle: RunHandle, what: str, holds: Callable[[Run], bool]) -> Run:
        async def look() -> Run | None:
            run = await handle.status()
            if holds(run):
                return run
            if run.status in TERMINAL:
                error = (await self._monitor.get_execution(handle.run_id)).error
                why = f": {error.code}: {error.message}" if error else ""
                raise StoryBroken(f"{handle.run_id} {run.status} at `{run.step}` before {what}{why}")
            return None

        return await self._tell.until(f"{what} ({handle.run_id})", look)

    async def _told(self, handle: RunHandle) -> Told:
        return Told(
            await self._monitor.get_execution(handle.run_id),
            await self._monitor.get_execution_timeline(handle.run_id),
        )

    def _bodies_of_read(self, handle: RunHandle) -> int:
        """How often the step's body began, by the log of the worker processes."""
        log = self._stage.scratch.worker_log.read_text(encoding="utf-8", errors="replace")
        return log.count(f"run {handle.run_id} reads ")


def _names(handles: Sequence[RunHandle]) -> str:
    return ", ".join(handle.run_id for handle in handles)
