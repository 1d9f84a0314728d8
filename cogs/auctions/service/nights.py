"""One win a night: who won something tonight, where that is the rule."""

from collections.abc import Collection
from datetime import timedelta
from typing import Final

from sqlalchemy import select

from bot.stage import Session
from db.tables import Award

NIGHT: Final = timedelta(hours=12)
"""Tonight is this raid; without a raid it is the last 12 hours."""


async def won_tonight(session: Session, raid_id: int | None, member_ids: Collection[int]) -> dict[int, str]:
    """What each of these people won by auction tonight and still has, by member; who won nothing is left out."""
    query = select(Award.member_id, Award.item_name).where(
        Award.guild_id == session.guild_id,
        Award.member_id.in_(member_ids),
        Award.how == "auction",
        Award.undone_at.is_(None),
        Award.awarded_at > session.now - NIGHT if raid_id is None else Award.raid_id == raid_id,
    )
    return {row.member_id: row.item_name for row in await session.execute(query.order_by(Award.award_id))}


def already_won(item_name: str) -> str:
    """Why a bid was voided; made safe where it is shown."""
    return f"won {item_name} already tonight"
