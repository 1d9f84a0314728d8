"""Taking an award back: by `/loot undo`, and as `/dkp undo` sees it."""

import re

from sqlalchemy import select

from bot import audit
from bot.kit.pickers import rank
from bot.kit.text import CHOICE_NAME, clip, plain, points, safe
from bot.refusals import NotFound
from bot.registry import Choice
from bot.stage import Session, use_case
from bot.typed import name_key
from cogs.dkp.rules import check_reason
from cogs.dkp.service import ledger
from cogs.dkp.service.adjustments import tell_own_act
from cogs.loot.rules import AwardUndone
from db.tables import Auction, Award


class AwardUndo:
    """How `/dkp undo` takes an award back: one reversal of its entry, and the award marked."""

    async def recent(self, session: Session, typed: str) -> list[Choice]:
        query = (
            select(Award)
            .where(
                Award.guild_id == session.guild_id,
                Award.undone_at.is_(None),
                Award.data_import_id.is_(None),  # thousands, and they go with their import
            )
            .order_by(Award.award_id.desc())
            .limit(100)
        )
        awards = (await session.execute(query)).scalars()
        return rank(
            typed,
            [Choice(in_few_words(award), str(award.award_id)) for award in awards],
        )

    async def preview(self, session: Session, act_id: int) -> list[str]:
        award = await get_award(session, act_id)
        lines = [f"{safe(award.item_name)} is no longer {safe(award.member_name)}'s in the records."]
        return lines + (await ledger.what_follows(session, [award.entry_id]) if award.entry_id else [])

    async def undo(self, session: Session, act_id: int, reason: str) -> str:
        reason = check_reason(reason)
        award = await get_award(session, act_id, lock=True)
        back = ""
        # The entry alone may have been undone before: then only the award is left to mark.
        if award.entry_id is not None and not await ledger.reversed_among(session, [award.entry_id]):
            [reversed_] = await ledger.reverse(session, [award.entry_id], reason)
            back = f" {points(award.cost)} went back: {safe(award.member_name)} has {points(reversed_.balance)} now."
        award.undone_at, award.undone_reason = session.now, reason
        audit.record(
            session,
            "loot.award.undone",
            target_id=award.award_id,
            about=award.member_id,
            before={"item": award.item_name, "cost": award.cost},
            reason=reason,
        )
        if award.auction_id is not None:
            await _redraw(session, award.auction_id)
        return f"Undone: {safe(award.item_name)} to {safe(award.member_name)}.{back}"


async def _redraw(session: Session, auction_id: int) -> None:
    """The card of the auction, or the one board of the batch it was put up with."""
    batch = select(Auction.auction_batch_id).where(
        Auction.guild_id == session.guild_id, Auction.auction_id == auction_id
    )
    batch_id = (await session.execute(batch)).scalar_one()
    session.redraw("auction" if batch_id is None else "auction_batch", auction_id if batch_id is None else batch_id)


async def get_award(session: Session, award_id: int, *, lock: bool = False) -> Award:
    """An award that still stands."""
    query = select(Award).where(Award.guild_id == session.guild_id, Award.award_id == award_id)
    if lock:
        query = query.with_for_update().execution_options(populate_existing=True)
    award = (await session.execute(query)).scalar_one_or_none()
    if award is None:
        raise NotFound("There is no such award.")
    if award.undone_at is not None:
        raise AwardUndone(f"{safe(award.item_name)} to {safe(award.member_name)} was undone already; nothing changed.")
    return award


def in_few_words(award: Award) -> str:
    """ "Cloak of Flames to Anna for 45" """
    cost = f" for {points(award.cost)}" if award.cost else ""
    return f"{award.item_name} to {award.member_name}{cost}"


async def find_award_id(session: Session, typed: str) -> int:
    """The award somebody means: picked from the list, or typed as the list shows it."""
    typed = typed.strip()
    if picked := re.fullmatch(r"(?:award:)?#?(\d{1,18})", typed):
        return int(picked[1])
    offered = await AwardUndo().recent(session, "")
    same = [choice for choice in offered if name_key(typed) == name_key(clip(plain(choice.label), CHOICE_NAME))]
    if len(same) != 1:
        raise NotFound("Pick the award from the list that appears while typing.")
    return int(same[0].value)


async def preview_award_undo(session: Session, typed: str, reason: str) -> tuple[str, list[str]]:
    """The award in words, and what follows from undoing it. Refuses what `undo_award` would refuse."""
    check_reason(reason)
    award = await get_award(session, await find_award_id(session, typed))
    return safe(in_few_words(award)), await AwardUndo().preview(session, award.award_id)


@use_case("loot.undo")
async def undo_award(session: Session, typed: str, reason: str, here: int | None = None) -> str:
    """Undo an award and say what was done; one's own is told in the audit channel, else `here`, where it was typed."""
    award = await get_award(session, await find_award_id(session, typed))
    done = await AwardUndo().undo(session, award.award_id, reason)
    if session.me is not None and session.me.member_id == award.member_id:
        tell_own_act(session, f"ownlu{award.award_id}", f"undid their own award. {done} Reason: {safe(reason)}", here)
    return done
