"""Awards read back, newest first."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from sqlalchemy import select

from bot.kit.text import points, safe, when
from bot.stage import Session
from db.tables import Award, Pool, Raid

MOST_LISTED = 1000
"""Awards in one history; a longer one is narrowed by member or item."""


@dataclass(frozen=True, slots=True)
class AwardLine:
    """One award as a list shows it."""

    item_name: str
    member_name: str
    character_name: str | None
    cost: Decimal
    pool: str
    how: str
    raid: str | None
    awarded_at: datetime
    undone_reason: str | None

    def in_words(self) -> str:
        played = self.character_name if self.character_name != self.member_name else None
        who = safe(self.member_name) + (f" ({safe(played)})" if played else "")
        line = f"{when(self.awarded_at, 'd')} **{safe(self.item_name)}** → {who}"
        if self.cost or self.how == "auction":
            line += f" · {points(self.cost)} {safe(self.pool)}"
        if self.how != "auction":
            line += f" · {self.how}"
        if self.raid:
            line += f" · {safe(self.raid)}"
        return line if self.undone_reason is None else f"~~{line}~~ undone: {safe(self.undone_reason)}"


async def list_awards(
    session: Session, *, member_id: int | None = None, item_key: str | None = None
) -> list[AwardLine]:
    """Awards newest first, at most 1,000; undone ones are shown as undone."""
    query = (
        select(Award, Pool.name.label("pool"), Raid.name.label("raid"))
        .join(Pool, (Pool.guild_id == Award.guild_id) & (Pool.pool_id == Award.pool_id))
        .outerjoin(Raid, (Raid.guild_id == Award.guild_id) & (Raid.raid_id == Award.raid_id))
        .where(Award.guild_id == session.guild_id)
        .order_by(Award.award_id.desc())
        .limit(MOST_LISTED)
    )
    if member_id is not None:
        query = query.where(Award.member_id == member_id)
    if item_key is not None:
        query = query.where(Award.item_key == item_key)
    return [
        AwardLine(
            item_name=award.item_name,
            member_name=award.member_name,
            character_name=award.character_name,
            cost=award.cost,
            pool=pool,
            how=award.how,
            raid=raid,
            awarded_at=award.awarded_at,
            undone_reason=award.undone_reason if award.undone_at else None,
        )
        for award, pool, raid in await session.execute(query)
    ]
