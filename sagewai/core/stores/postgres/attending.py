"""What reviewers do about an approval short of deciding it: claim it for a while, snooze it, comment on it."""

from __future__ import annotations

from sagewai.core.stores.postgres import statements
from sagewai.core.stores.postgres.checks import check_actor
from sagewai.core.stores.postgres.database import Database
from sagewai.core.stores.postgres.deciding import get_approval, name_of, refusal
from sagewai.errors import ApprovalClaimed, ApprovalNotFound
from sagewai.models.actor import Actor
from sagewai.models.approval import Approval, Attention


async def attend(
    database: Database, approval_id: int, attention: Attention, actor: Actor, seconds: float, text: str
) -> Approval:
    check_actor(actor, text)
    answer = await database.fetchrow(
        statements.ATTEND,
        approval_id,
        attention.value,
        actor.name,
        actor.source,
        actor.assurance,
        seconds,
        text,
    )
    assert answer is not None
    if answer["told"] == "not found":
        raise ApprovalNotFound(f"no approval {approval_id} in this store")
    approval = await get_approval(database, approval_id)
    match answer["told"]:
        case "done":
            return approval
        case "claimed":
            until = (
                ""
                if approval.claimed_until is None
                else f" until {approval.claimed_until:%Y-%m-%d %H:%M:%S} UTC"
            )
            raise ApprovalClaimed(
                f"{name_of(approval)} is claimed by {approval.claimed_by or 'somebody else'}{until}: ask them, or wait "
                "until then"
            )
        case told:
            raise refusal(told, approval)
