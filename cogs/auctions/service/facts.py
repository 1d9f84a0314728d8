"""What ties between sealed offers look at, for all who offered at once."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Final

from sqlalchemy import func, select

from bot.stage import Session
from cogs.attendance.rules import VOTE_DAYS
from cogs.attendance.service.figures import figures
from cogs.auctions.rules.resolving import Facts
from cogs.auctions.rules.terms import Terms, Tie
from cogs.dkp.service import ledger
from db.tables import Account, Award

LATELY: Final = timedelta(days=30)


async def facts_of(session: Session, terms: Terms, accounts: Mapping[int, Account]) -> dict[int, Facts]:
    """By member, as it is now: 30-day attendance (by raids or ticks, as the guild counts), balance, and wins.

    `accounts` are locked, so nothing is awarded from them meanwhile. What the ties do not ask is not looked up.
    """
    attendance = await figures(session, list(accounts)) if Tie.ATTENDANCE in terms.ties else {}
    wins = await _wins(session, list(accounts)) if Tie.WINS in terms.ties else {}
    facts = {}
    for member_id, account in accounts.items():
        figure = attendance[member_id][VOTE_DAYS] if attendance else None
        attended, counted = (figure.attended, figure.total) if figure is not None else (0, 0)
        facts[member_id] = Facts(attended, counted, account.balance, wins.get(member_id, 0))
    return facts


async def _wins(session: Session, member_ids: list[int]) -> dict[int, int]:
    """Auctions won in the last 30 days that are still theirs."""
    query = (
        select(Award.member_id, func.count().label("wins"))
        .where(
            Award.guild_id == session.guild_id,
            Award.member_id == ledger.ids_array(member_ids),
            Award.how == "auction",
            Award.undone_at.is_(None),
            Award.awarded_at > session.now - LATELY,
        )
        .group_by(Award.member_id)
    )
    return {row.member_id: row.wins for row in await session.execute(query)}
