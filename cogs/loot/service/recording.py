"""An award on record: its row, its ledger entry, and the one announcement."""

from dataclasses import dataclass, field
from decimal import Decimal

from sqlalchemy import select

from bot import audit, outbox
from bot.kit.text import clip, paste_block, paste_line, points, safe
from bot.stage import Session
from bot.typed import name_key
from cogs.dkp.service import ledger
from db.tables import Account, Award, Member

MOST_OF_WHY = 500
"""Characters of the reason under a result; all of it is in `/auction show`."""


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


def announce(session: Session, award: Award, member: Member, channel_id: int, *, why: str | None = None) -> None:
    """Tell the guild once, in the loot channel or else where it was bid for, with a line to paste into the game.

    `why` it is theirs, in our own words, where that needs saying: it stands under the result in small print.
    """
    to = f"<@{member.discord_user_id}>" if member.discord_user_id else f"**{safe(award.member_name)}**"
    played = f" ({safe(award.character_name)})" if award.character_name else ""
    outbox.send(
        session,
        f"award{award.award_id}",
        f"**{safe(award.item_name)}** goes to {to}{played}{_for(award, '**')}."
        + (f"\n> {safe(award.note)}" if award.note else "")
        + (f"\n-# {clip(why, MOST_OF_WHY)}" if why else "")
        + f"\n{paste_block(game_line(award))}",
        channel_id=session.guild.loot_channel_id or channel_id,
        mention=[member.discord_user_id] if member.discord_user_id else [],
    )


def game_line(award: Award) -> str:
    """What a raid leader pastes into the game."""
    who = award.character_name or award.member_name
    return paste_line(f"{award.item_name} goes to {who}{_for(award)}. Grats!")


def _for(award: Award, strong: str = "") -> str:
    """ " for 45", " by a roll", or nothing for a gift."""
    if award.how == "given":
        return ""
    return " by a roll" if award.how == "roll" else f" for {strong}{points(award.cost)}{strong}"


async def has_award(session: Session, auction_id: int) -> bool:
    """Whether an auction's award still stands."""
    query = select(Award.award_id).where(
        Award.guild_id == session.guild_id, Award.auction_id == auction_id, Award.undone_at.is_(None)
    )
    return (await session.execute(query)).first() is not None
