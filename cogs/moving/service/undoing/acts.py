"""The parts of the act beside its entries: hold awards and people, mark awards, raids and ticks, let people go."""

from sqlalchemy import select, text, update

from bot.stage import Session
from cogs.moving.service.undoing.standing import made_and_idle
from db.tables import Award, Member, Raid, Tick


async def hold_awards(session: Session, import_id: int) -> None:
    """Before any account: who undoes one of them alone holds it while they wait for the account."""
    query = select(Award.award_id).where(
        Award.guild_id == session.guild_id, Award.data_import_id == import_id, Award.undone_at.is_(None)
    )
    await session.execute(query.order_by(Award.award_id).with_for_update(key_share=True))


async def hold_people(session: Session, import_id: int) -> None:
    """Who came with the import is linked to nobody, and parted from nobody, before the commit."""
    query = select(Member.member_id).where(Member.guild_id == session.guild_id, Member.data_import_id == import_id)
    await session.execute(query.order_by(Member.member_id).with_for_update(key_share=True))


async def mark(session: Session, import_id: int, raid_ids: list[int], reason: str) -> None:
    here = {"undone_at": session.now, "undone_reason": reason}
    silent = {"synchronize_session": False}
    awards = update(Award).where(
        Award.guild_id == session.guild_id, Award.data_import_id == import_id, Award.undone_at.is_(None)
    )
    await session.execute(awards.values(here).execution_options(**silent))
    of_import = select(Raid.raid_id).where(Raid.guild_id == session.guild_id, Raid.data_import_id == import_id)
    if raid_ids:
        ticks = update(Tick).where(
            Tick.guild_id == session.guild_id, Tick.raid_id.in_(of_import), Tick.undone_at.is_(None)
        )
        await session.execute(ticks.values(here).execution_options(**silent))
        raids = update(Raid).where(Raid.guild_id == session.guild_id, Raid.data_import_id == import_id)
        await session.execute(
            raids.values(status="cancelled", cancel_reason=reason, ended_at=session.now).execution_options(**silent)
        )


async def let_go(session: Session, import_id: int) -> int:
    """Mark who has nothing else as left and their characters as retired, so that names are free; how many."""
    ids = await made_and_idle(session, import_id)
    given = {"guild_id": session.guild_id, "at": session.now, "ids": ids}
    left = "UPDATE member SET left_at = :at WHERE guild_id = :guild_id AND member_id = ANY (:ids)"
    retired = (
        "UPDATE character SET retired_at = :at, is_main = false"
        " WHERE guild_id = :guild_id AND owner_member_id = ANY (:ids) AND retired_at IS NULL"
    )
    for statement in (left, retired):
        await session.execute(text(statement), given)
    return len(ids)
