"""Whatever class of error a secret rides in, no row, log line, repr or recorded traceback shows it."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence

import pytest

import sagewai.errors
from sagewai import (
    DurableWorkflow,
    InferenceParams,
    InMemoryStore,
    RunFailed,
    WorkerCredentials,
    WorkflowMonitor,
)
from sagewai.core.failure import describe, error_text, told
from sagewai.core.stores.base import Claimed, Store
from sagewai.errors import SagewaiError, StoreUnavailable, Suspension
from sagewai.models.page import DeadLetterQuery
from sagewai.models.status import RunStatus
from tests.engine.helpers import until_status, working
from tui.crash import report

KNOWN = "correct-horse-battery"  # shaped like nothing: only its variable's name says what it is
SECRETS = {
    "known": KNOWN,
    "key": "sk-abcdefghijklmnopqrstuvwx",
    "url": "hunter2hunter2",
    "header": "Zm9vYmFyYmF6cXV4",
    "named": "open-sesame-now",
}
TEXT = (
    f"{KNOWN} {SECRETS['key']} postgresql://ann:{SECRETS['url']}@db/x "
    f"Authorization: Bearer {SECRETS['header']} password={SECRETS['named']}"
)

CLASSES = [getattr(sagewai.errors, name) for name in sagewai.errors.__all__]
ORDINARY = [kind for kind in CLASSES if issubclass(kind, Exception)]


def shown(text: str) -> list[str]:
    """The names of the secrets that a text gives away."""
    return [name for name, secret in SECRETS.items() if secret in text]


@pytest.fixture(autouse=True)
def _known(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VENDOR_API_KEY", KNOWN)


def raised(error: BaseException) -> BaseException:
    """With a traceback whose source line holds a secret too."""
    try:
        raise error  # said aloud: sk-abcdefghijklmnopqrstuvwx
    except BaseException as caught:
        return caught


def chained(kind: type[Exception]) -> BaseException:
    try:
        try:
            raise ValueError(TEXT)
        except ValueError as cause:
            raise kind(TEXT) from cause
    except Exception as error:
        return error


FORMS: dict[str, Callable[[type[Exception]], BaseException]] = {
    "plain": lambda kind: raised(kind(TEXT)),
    "chained": chained,
    "grouped": lambda kind: raised(
        ExceptionGroup(TEXT, [kind(TEXT), ExceptionGroup(f"inner {TEXT}", [kind(TEXT)])])
    ),
}


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("kind", ORDINARY, ids=lambda kind: kind.__name__)
def test_no_class_of_error_is_described_with_a_secret(kind: type[Exception], form: str) -> None:
    info = describe(FORMS[form](kind))
    assert shown(repr(info) + error_text(info)) == []
    assert kind.__name__ in info.type + info.message


@pytest.mark.parametrize("kind", [Suspension, SystemExit, KeyboardInterrupt], ids=lambda kind: kind.__name__)
def test_what_is_no_ordinary_exception_is_described_without_secrets_too(kind: type[BaseException]) -> None:
    assert shown(repr(describe(raised(kind(TEXT)))) + told(kind(TEXT))) == []


@pytest.mark.parametrize("form", FORMS)
def test_the_consoles_crash_handler_shows_no_secret_of_any_class(form: str) -> None:
    told = [report(FORMS[form](kind)).plain for kind in ORDINARY]
    assert [shown(text) for text in told if shown(text)] == []
    assert all("Traceback" in text for text in told)


async def test_rows_and_logs_of_a_failing_run_hold_no_secret(
    store: Store, caplog: pytest.LogCaptureFixture
) -> None:
    """Each class once, each failing a run of its own that a worker executes."""
    caplog.set_level(logging.DEBUG, "sagewai")
    wf = DurableWorkflow("leaky", store)

    @wf.step("leak", retries=1, retry_delay=0)
    async def leak(name: str, form: str) -> None:
        raise FORMS[form](getattr(sagewai.errors, name))

    inputs = [{"name": kind.__name__, "form": form} for kind in ORDINARY for form in FORMS]
    handles = await wf.submit_many(inputs)
    async with working(store, wf, max_concurrent=50):
        for handle in handles:
            await until_status(store, handle.run_id, RunStatus.FAILED, timeout=60)
    letters = (await store.list_dead_letters(DeadLetterQuery(limit=500))).items
    assert len(letters) == len(inputs)
    assert shown(repr(letters)) == []
    monitor = WorkflowMonitor(store)
    for handle in handles[:: len(handles) // 10]:
        rows = [
            await monitor.get_execution(handle.run_id),
            await monitor.get_execution_timeline(handle.run_id),
        ]
        assert shown(repr(rows)) == []
        with pytest.raises(RunFailed) as failed:
            await handle.result(timeout=5)
        assert shown(f"{failed.value!r} {failed.value}") == []
    assert shown(caplog.text) == []


class Chatty(InMemoryStore):
    """The reference store, whose outages say too much."""

    outages = 3

    async def free_space(self) -> None:
        self._fail()

    async def claim(self, session: int, routes: Sequence[int], limit: int) -> Claimed:
        self._fail()
        return await super().claim(session, routes, limit)

    def _fail(self) -> None:
        if self.outages:
            self.outages -= 1
            raise StoreUnavailable(TEXT)


async def test_outages_are_logged_without_what_the_driver_said_too_much(
    caplog: pytest.LogCaptureFixture,
) -> None:
    store = Chatty()
    wf = DurableWorkflow("flow", store)
    wf.step("one")(lambda: 1)
    handle = await wf.submit()
    async with working(store, wf):
        assert await handle.result(timeout=10) == 1
    assert "StoreUnavailable" not in caplog.text
    assert "[secret]" in caplog.text
    assert shown(caplog.text) == []


def test_a_workers_own_key_is_known() -> None:
    from tests.carrying import worker_credentials

    credentials = WorkerCredentials(inference_overrides=InferenceParams(api_key="plain-words-only"))  # type: ignore[arg-type]
    with worker_credentials(credentials):
        assert "plain-words-only" not in repr(describe(ValueError("it was plain-words-only")))


def test_every_error_of_the_library_is_in_its_tree() -> None:
    outside = [kind.__name__ for kind in ORDINARY if not issubclass(kind, SagewaiError)]
    assert outside == []
