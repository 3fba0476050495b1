"""Payloads: JSON text comes back byte for byte, or is refused and the run goes on all the same."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from sagewai.core.codec import decode, encode
from sagewai.core.policies import content_digest
from sagewai.core.stores.base import Store
from sagewai.errors import StoreRefused
from sagewai.models.status import ApprovalStatus, RunStatus
from sagewai.models.transition import Move
from tests.contract.picture import picture
from tests.contract.scene import Scene, ask, definition, failure

VALUES: dict[str, Any] = {
    "key order": {"z": 1, "a": {"y": 2, "b": 3}, "m": [{"k": 1, "a": 2}]},
    "repeated spaces and empty keys": {"": "", " ": "  ", "a  b": None},
    "NUL": {"text": "a\0b", "k\0": 1},
    "lone surrogates": ["\ud800", "\udfff x", {"\udead": 1}],
    "emoji and scripts": "👩‍👩‍👧‍👦 🇩🇪 العربية 漢字 e\u0301 \u202e \u200b",
    "control characters": "".join(map(chr, range(32))) + "\x7f\x9b\u2028",
    "quotes": ["'", '"', "\\", "\\u0000", "$1", "%s", "{}", "?", ":x"],
    "numbers": [0, -0.0, 1, 1.0, 1e308, 5e-324, 0.1, 2**53 + 1, 2**200, -(2**63)],
    "constants": [None, True, False, "", [], {}],
    "a line of a megabyte": "x" * 1_000_000,
    "many lines": "\n" * 100_000,
    "depth": json.loads("[" * 300 + "]" * 300),
}


@pytest.fixture(params=VALUES, ids=lambda name: name.replace(" ", "_"))
def text(request: pytest.FixtureRequest) -> str:
    return encode(VALUES[request.param])


async def test_what_goes_in_comes_out_as_it_was(scene: Scene, store: Store, text: str) -> None:
    owner = await scene.own(values={"value": decode(text)})
    whole = encode({"value": decode(text)})
    assert await store.get_input("r1") == owner.lease.input == whole

    assert await owner.make(Move.STEP_DONE, result=text) is RunStatus.RUNNING
    assert await store.get_results("r1") == {"fetch": text}
    assert (await store.get_attempts("r1"))[0].result_bytes == len(text.encode())

    request = replace(ask(step="judge"), context=text, digest=content_digest("Send it?", text))
    await owner.park(request)
    (approval,) = await store.approvals_of("r1")
    assert (approval.context, approval.digest) == (text, content_digest(approval.prompt, text))
    decided = await scene.decide(payload=text, digest=approval.digest)
    assert decided.decision is not None
    assert decided.decision.payload == text

    owner = await scene.take()
    assert dict(owner.lease.results) == {"fetch": text}
    await owner.make(Move.STEP_DONE)
    await owner.make(Move.COMPLETED, result=text)
    assert (await store.get_outcome("r1")).output == text


async def test_an_error_comes_out_as_it_was(scene: Scene, store: Store) -> None:
    message = "a\0b \ud800 \x1b[2J 'quoted' " + "x" * 4_000
    trace = "line 1\nline \ud800 2"
    owner = await scene.own()
    await owner.make(Move.RETRY, error=failure(message=message, traceback=trace))
    await owner.make(Move.FAILED, error=failure(message=message, traceback=trace))
    letter = await store.get_dead_letter("r1")
    for error in (
        letter.error,
        (await store.get_attempts("r1"))[0].error,
        (await store.get_outcome("r1")).error,
    ):
        assert error is not None
        assert (error.message, error.traceback) == (message, trace)


@pytest.mark.parametrize("bad", ["a\0b", "a\ud800b"], ids=["NUL", "lone surrogate"])
async def test_a_refused_payload_leaves_the_run_with_its_owner(scene: Scene, store: Store, bad: str) -> None:
    session = await scene.session()
    owner, neighbour = await scene.own(session=session), await scene.own("neighbour", session=session)
    refused = [owner.transition(Move.STEP_DONE, **{field: bad}) for field in ("result", "step", "next_step")]
    refused.append(owner.transition(Move.FAILED, error=failure(message="@").replace("@", bad)))
    for field in ("prompt", "context", "gate", "branch", "step", "digest"):
        request = replace(ask(), **{field: bad})  # type: ignore[arg-type]
        refused.append(owner.transition(Move.PARK, requests=(request,)))
    before = await picture(store)
    for move in refused:
        with pytest.raises(StoreRefused):
            await store.record([neighbour.transition(Move.STEP_DONE), move])
        with pytest.raises(StoreRefused):
            await store.record([move])
    assert await picture(store) == before
    assert await owner.make(Move.FAILED) is RunStatus.FAILED
    assert await neighbour.make(Move.STEP_DONE) is RunStatus.RUNNING


async def test_the_limit_of_a_payload_is_storable(scene: Scene, store: Store) -> None:
    assert store.payload_limit == 2_000_000
    text = json.dumps("x" * (store.payload_limit - 2))
    owner = await scene.own(shape=None)
    assert await owner.make(Move.COMPLETED, result=text) is RunStatus.COMPLETED
    assert (await store.get_outcome("r1")).output == text


async def test_a_long_prompt_is_kept_whole(scene: Scene, store: Store) -> None:
    prompt = "Is this fine?\n" * 20_000
    owner = await scene.own()
    await owner.park(ask(prompt=prompt))
    (approval,) = await store.approvals_of("r1")
    assert approval.prompt == prompt
    assert approval.digest == content_digest(prompt, "null")
    assert (await scene.decide(digest=approval.digest)).status is ApprovalStatus.APPROVED


async def test_results_keep_the_order_in_which_they_were_recorded(scene: Scene, store: Store) -> None:
    steps = ("zebra", "apple", "mango", "berry")
    owner = await scene.own(shape=definition(steps=steps))
    await owner.finish()
    assert list(await store.get_results("r1")) == list(steps)
