"""Approval policies: what is refused when asked for, how one is written down, and who may decide under it."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sagewai.core.codec import require_storable
from sagewai.core.policies import (
    MAX_NAME,
    MAX_REVIEWERS,
    check_policy,
    content_digest,
    decode_policy,
    encode_policy,
    is_one_of,
    may_approve,
    may_reject,
    refuses_shared,
)
from sagewai.errors import InvalidOptionError
from sagewai.models.approval import ANYONE, ApprovalPolicy

names = st.text(st.characters(codec="utf-8"), min_size=1, max_size=20)
name_lists = st.lists(names, max_size=5).map(tuple)
policies = st.builds(
    ApprovalPolicy,
    required=st.integers(1, MAX_REVIEWERS),
    approvers=name_lists,
    exclude_requester=st.booleans(),
    on_timeout=st.sampled_from(["reject", "escalate"]),
    escalate_to=name_lists,
    edit_schema=st.none() | st.text(st.characters(codec="utf-8"), max_size=20),
    read_to_end=st.booleans(),
)

LADDER = ApprovalPolicy(approvers=("alice",), on_timeout="escalate", escalate_to=("bob", "carol"))


# -- checked ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "policy",
    [
        ANYONE,
        ApprovalPolicy(required=MAX_REVIEWERS),
        ApprovalPolicy(required=2, approvers=("alice", "bob")),
        replace(LADDER, required=3),
        ApprovalPolicy(approvers=("n" * MAX_NAME,)),
        ApprovalPolicy(approvers=tuple(map(str, range(MAX_REVIEWERS)))),
        ApprovalPolicy(on_timeout="escalate", escalate_to=("bob",)),
    ],
    ids=lambda policy: str(policy)[15:50],
)
def test_a_policy_that_can_be_met_is_given_back(policy: ApprovalPolicy) -> None:
    assert check_policy(policy, timeout=60.0) is policy


@pytest.mark.parametrize(
    ("fields", "names_it"),
    [
        ({"required": 0}, "required is 0"),
        ({"required": -1}, "required is -1"),
        ({"required": True}, "required is True"),
        ({"required": MAX_REVIEWERS + 1}, f"required is {MAX_REVIEWERS + 1}"),
        ({"required": 2, "approvers": ("alice",)}, "only 1 reviewer may"),
        ({"required": 2, "approvers": ("alice", "alice")}, "only 1 reviewer may"),
        (
            {"required": 4, "approvers": ("a", "b"), "on_timeout": "escalate", "escalate_to": ("c",)},
            "only 3",
        ),
        ({"approvers": ("",)}, "approvers holds ''"),
        ({"approvers": ("  ",)}, "approvers holds '  '"),
        ({"approvers": (7,)}, "approvers holds 7"),
        ({"approvers": ("n" * (MAX_NAME + 1),)}, "approvers holds 'nnn"),
        (
            {"approvers": tuple(map(str, range(MAX_REVIEWERS + 1)))},
            f"approvers has {MAX_REVIEWERS + 1} names",
        ),
        ({"on_timeout": "escalate", "escalate_to": ("",)}, "escalate_to holds ''"),
        ({"on_timeout": "escalate"}, "escalate_to"),
        ({"on_timeout": "ask"}, "on_timeout is 'ask'"),
        ({"escalate_to": ("bob",)}, "on_timeout is 'reject'"),
    ],
    ids=str,
)
def test_a_policy_that_makes_no_sense_is_refused_by_its_options_name(
    fields: dict[str, Any], names_it: str
) -> None:
    with pytest.raises(InvalidOptionError) as caught:
        check_policy(ApprovalPolicy(**fields), timeout=60.0)
    assert names_it in str(caught.value)


def test_a_ladder_needs_a_timeout_to_climb_at() -> None:
    with pytest.raises(InvalidOptionError, match="timeout"):
        check_policy(LADDER, timeout=None)


# -- written down -----------------------------------------------------------------------------------------------------


@given(policies)
def test_what_is_written_down_reads_back_the_same(policy: ApprovalPolicy) -> None:
    text = encode_policy(policy)
    assert decode_policy(text) == policy
    assert (text is None) == (policy == ANYONE)
    require_storable(text or "", "the policy")


@given(policies, policies)
def test_two_policies_are_written_alike_only_if_they_are_alike(
    one: ApprovalPolicy, other: ApprovalPolicy
) -> None:
    assert (encode_policy(one) == encode_policy(other)) == (one == other)


def test_the_text_does_not_depend_on_the_order_of_fields() -> None:
    text = encode_policy(LADDER)
    assert text is not None
    assert text == json.dumps(json.loads(text), sort_keys=True, separators=(",", ":"))


# -- what a decision is about -----------------------------------------------------------------------------------------


@given(st.text(max_size=9), st.text(max_size=9), st.text(max_size=9), st.text(max_size=9), policies, policies)
def test_one_digest_is_one_content(
    prompt: str,
    context: str,
    other_prompt: str,
    other_context: str,
    one: ApprovalPolicy,
    other: ApprovalPolicy,
) -> None:
    alike = (prompt, context, one) == (other_prompt, other_context, other)
    assert (
        content_digest(prompt, context, one) == content_digest(other_prompt, other_context, other)
    ) == alike


@given(st.text(max_size=9), st.text(max_size=9))
def test_text_that_moves_from_the_prompt_into_the_context_is_other_content(left: str, right: str) -> None:
    assert (content_digest(left + right, "") == content_digest(left, right)) == (right == "")


def test_a_smaller_quorum_is_other_content() -> None:
    digests = {content_digest("Pay?", "5", ApprovalPolicy(required=number)) for number in (1, 2, 3)}
    assert len(digests) == 3


def test_a_gate_for_anyone_keeps_the_digest_it_always_had() -> None:
    """Decisions carry it: approvals that wait since before there were policies must still open."""
    known = "16f24261d37613283534ed7071866dcac5eabee9f36a03ec6ab9de7c52b4fe6d"
    assert content_digest("Pay?", "5") == content_digest("Pay?", "5", ANYONE) == known


# -- who --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("reviewer", "name", "is_one"),
    [
        ("alice", "alice", True),
        ("alice@mill", "alice", True),
        ("alice@mill (console)", "alice", True),
        ("alice (console)", "alice", True),
        ("alice@mill", "alice@mill", True),
        ("alice@mill", "alice@hill", False),
        ("alice", "alice@mill", False),
        ("alice", "Alice", False),
        ("alicea", "alice", False),
        ("bob alice", "alice", False),
        ("bob@alice", "alice", False),
        ("@alice", "alice", False),
        ("", "alice", False),
    ],
)
def test_a_name_stands_for_an_account_wherever_it_sits(reviewer: str, name: str, is_one: bool) -> None:
    assert is_one_of(reviewer, ("somebody", name)) is is_one
    assert is_one_of(reviewer, ()) is False


@given(names, names)
def test_without_approvers_anyone_may(reviewer: str, requester: str) -> None:
    assert may_approve(ANYONE, 0, reviewer, requester) is None
    assert may_reject(ANYONE, 0, reviewer) is None


@pytest.mark.parametrize("level", range(3))
def test_the_ladder_lets_in_one_more_at_each_level(level: int) -> None:
    ladder = ("alice", "bob", "carol")
    for rung, name in enumerate(ladder):
        for objection in (may_approve(LADDER, level, name, "dave"), may_reject(LADDER, level, name)):
            assert (objection is None) == (rung <= level)


def test_an_objection_names_who_may() -> None:
    objection = may_approve(LADDER, 1, "dave", "erin")
    assert objection is not None
    assert "dave" in objection
    assert "alice, bob" in objection
    assert "carol" not in objection


def test_the_requester_may_reject_but_not_approve() -> None:
    policy = ApprovalPolicy(exclude_requester=True, approvers=("alice", "bob"))
    assert may_approve(policy, 0, "alice", "alice") is not None
    assert may_approve(policy, 0, "bob", "alice") is None
    assert may_reject(policy, 0, "alice") is None
    assert may_approve(replace(policy, exclude_requester=False), 0, "alice", "alice") is None


@given(policies, st.integers(0, 5), names, names)
def test_who_may_approve_may_reject(
    policy: ApprovalPolicy, level: int, reviewer: str, requester: str
) -> None:
    if may_approve(policy, level, reviewer, requester) is None:
        assert may_reject(policy, level, reviewer) is None


@given(policies, st.integers(0, 5), names)
def test_nobody_loses_the_right_by_an_escalation(policy: ApprovalPolicy, level: int, reviewer: str) -> None:
    if may_reject(policy, level, reviewer) is None:
        assert may_reject(policy, level + 1, reviewer) is None


@pytest.mark.parametrize(
    ("policy", "refuses"),
    [
        (ANYONE, False),
        (ApprovalPolicy(approvers=("alice",)), False),
        (LADDER, False),
        (ApprovalPolicy(required=2), True),
        (ApprovalPolicy(exclude_requester=True), True),
    ],
)
def test_where_two_must_agree_a_shared_process_is_no_second(policy: ApprovalPolicy, refuses: bool) -> None:
    assert refuses_shared(policy) is refuses
