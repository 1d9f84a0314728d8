"""Awards: recorded with their ledger entry, announced, undone, looked up."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal

from sqlalchemy import select, update

from bot import audit, outbox, personal
from bot.kit.pickers import rank
from bot.kit.text import paste_block, paste_line, points, safe, when
from bot.refusals import NotFound, Refused
from bot.registry import Choice
from bot.stage import Session
from bot.typed import name_key, near_names
from cogs.dkp.rules import check_reason
from cogs.dkp.service import ledger
from db.tables import Account, Award, Member, Pool, Raid

MOST_LISTED = 1000
"""Awards in one history; a longer one is narrowed by member or item."""


class AwardUndone(Refused):
    code = "loot.award_undone"


@dataclass(frozen=True, slots=True)
class NewAward:
    """An outcome to record. `how` is `auction`, `bid in game`, `roll` or `given`; the last two cost 0."""

    item_name: str
    pool_id: int
    cost: Decimal
    how: str
    raid_id: int | None = None
    auction_id: int | None = None
    character: ledger.Snapshot = field(default=ledger.Snapshot())
    note: str | None = None


async def record_award(session: Session, award: NewAward, member: Member, accounts: dict[ledger.Key, Account]) -> Award:
    """Write the award and, when it costs something, its ledger entry. The caller has locked parents and accounts.

    The account may end below the floor: an open bid stands and is captured whatever was taken meanwhile.
    """
    row = Award(
        guild_id=session.guild_id,
        raid_id=award.raid_id,
        auction_id=award.auction_id,
        pool_id=award.pool_id,
        member_id=member.member_id,
        item_name=award.item_name,
        item_key=name_key(award.item_name),
        member_name=member.display_name,
        character_name=award.character.name,
        how=award.how,
        cost=award.cost,
        note=award.note,
        awarded_at=session.now,
        awarded_by_user_id=session.actor.user_id,
    )
    session.add(row)
    await session.flush()
    if award.cost:
        from_auction = award.auction_id is not None
        entry = ledger.NewEntry(
            pool_id=award.pool_id,
            member_id=member.member_id,
            kind="loot",
            amount=-award.cost,
            reason=award.item_name,
            source="auction" if from_auction else "award",
            source_id=award.auction_id if from_auction else row.award_id,
            key=f"award:{row.award_id}",
            member_name=member.display_name,
            character=award.character,
        )
        [posted] = await ledger.post(session, [entry], accounts)
        row.entry_id = posted.entry_id
    audit.record(
        session,
        "loot.awarded",
        target_id=row.award_id,
        about=member.member_id,
        after={"item": award.item_name, "cost": award.cost, "how": award.how},
    )
    return row


def announce(session: Session, award: Award, member: Member, channel_id: int) -> None:
    """Tell the guild once, in the loot channel or else where it was bid for, with a line to paste into the game."""
    to = f"<@{member.discord_user_id}>" if member.discord_user_id else f"**{safe(award.member_name)}**"
    played = f" ({safe(award.character_name)})" if award.character_name else ""
    outbox.send(
        session,
        f"award{award.award_id}",
        f"**{safe(award.item_name)}** goes to {to}{played} for **{points(award.cost)}**."
        f"\n{paste_block(game_line(award))}",
        channel_id=session.guild.loot_channel_id or channel_id,
        mention=[member.discord_user_id] if member.discord_user_id else [],
    )


def game_line(award: Award) -> str:
    """What a raid leader pastes into the game."""
    who = award.character_name or award.member_name
    return paste_line(f"{award.item_name} goes to {who} for {points(award.cost)}. Grats!")


async def has_award(session: Session, auction_id: int) -> bool:
    """Whether an auction's award still stands."""
    query = select(Award.award_id).where(
        Award.guild_id == session.guild_id, Award.auction_id == auction_id, Award.undone_at.is_(None)
    )
    return (await session.execute(query)).first() is not None


# --- undoing ----------------------------------------------------------------------------------------------------------


class AwardUndo:
    """How `/dkp undo` takes an award back: one reversal of its entry, and the award marked."""

    async def recent(self, session: Session, typed: str) -> list[Choice]:
        query = (
            select(Award)
            .where(Award.guild_id == session.guild_id, Award.undone_at.is_(None))
            .order_by(Award.award_id.desc())
            .limit(100)
        )
        awards = (await session.execute(query)).scalars()
        return rank(
            typed,
            [Choice(f"{a.item_name} to {a.member_name} for {points(a.cost)}", str(a.award_id)) for a in awards],
        )

    async def preview(self, session: Session, act_id: int) -> list[str]:
        award = await _get(session, act_id)
        lines = [f"{safe(award.item_name)} is no longer {safe(award.member_name)}'s in the records."]
        return lines + (await ledger.what_follows(session, [award.entry_id]) if award.entry_id else [])

    async def undo(self, session: Session, act_id: int, reason: str) -> str:
        reason = check_reason(reason)
        award = await _get(session, act_id, lock=True)
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
            session.redraw("auction", award.auction_id)
        return f"Undone: {safe(award.item_name)} to {safe(award.member_name)}.{back}"


async def _get(session: Session, award_id: int, *, lock: bool = False) -> Award:
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


# --- looking ----------------------------------------------------------------------------------------------------------


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
        who = safe(self.member_name) + (f" ({safe(self.character_name)})" if self.character_name else "")
        line = (
            f"{when(self.awarded_at, 'd')} **{safe(self.item_name)}** → {who} · {points(self.cost)} {safe(self.pool)}"
        )
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


async def item_names(session: Session) -> Sequence[str]:
    """Every item ever awarded, as last spelt, newest first."""
    query = (
        select(Award.item_key, Award.item_name, Award.award_id)
        .where(Award.guild_id == session.guild_id)
        .distinct(Award.item_key)
        .order_by(Award.item_key, Award.award_id.desc())
    )
    newest_first = sorted(await session.execute(query), key=lambda row: -row.award_id)
    return [row.item_name for row in newest_first]


async def items(session: Session, typed: str) -> list[Choice]:
    """Autocomplete over items awarded before."""
    return rank(typed, [Choice(name, name[:100]) for name in await item_names(session)])


async def get_item_key(session: Session, typed: str) -> str:
    """The item somebody means, by name, kindly."""
    key, names = name_key(typed), await item_names(session)
    if any(name_key(name) == key for name in names):
        return key
    raise NotFound("Nobody was awarded an item by that name.", near=[safe(n) for n in near_names(typed, names, 3)])


# --- forgetting -------------------------------------------------------------------------------------------------------


async def forget(session: Session, member_ids: list[int]) -> None:
    """Names and words on somebody's awards, and their number where they awarded."""
    theirs = update(Award).where(Award.guild_id == session.guild_id, Award.member_id.in_(member_ids))
    unnamed = {"member_name": personal.SOMEBODY, "character_name": None, "note": None, "undone_reason": None}
    await session.execute(theirs.values(unnamed).execution_options(synchronize_session=False))
    await personal.unsign(session, member_ids, Award.awarded_by_user_id)
