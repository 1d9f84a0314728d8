"""Recording an award that was decided elsewhere: bid in game, rolled for, or given."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from sqlalchemy import select

from bot import people
from bot.kit.text import clip, points, safe, when
from bot.stage import Session, use_case
from bot.typed import name_key, parse_amount
from cogs.dkp.service import ledger
from cogs.dkp.service.adjustments import tell_own_act
from cogs.dkp.service.pools import lock_open
from cogs.loot.rules import COPY_WITHIN, NOTE_LENGTH, Doubtful, How, WhichRaid, check_item, decide_how
from cogs.loot.service.raids import find_raid
from cogs.loot.service.recording import NewAward, announce, record_award
from db.tables import Account, Award, Member, Pool, Raid


@dataclass(frozen=True, slots=True)
class ItemAwarded:
    """An award as it was recorded; also the fact. Names are as typed."""

    guild_id: int
    award_id: int
    item_name: str
    member_id: int
    member_name: str
    how: str
    cost: Decimal
    pool: str
    raid_name: str | None
    balance: Decimal | None
    """What they have now; empty where it cost nothing."""

    def in_words(self) -> str:
        at = f" at {safe(self.raid_name)}" if self.raid_name else ""
        cost = f" for {points(self.cost)} {safe(self.pool)}" if self.cost else ""
        left = f" They have {points(self.balance)} now." if self.balance is not None else ""
        return f"**{safe(self.item_name)}** goes to {safe(self.member_name)}{cost} ({self.how}){at}.{left}"


@use_case("loot.award")
async def award_item(
    session: Session,
    item: str,
    who: str,
    *,
    channel_id: int,
    how: How | None = None,
    cost: Decimal | float | None = None,
    raid: str | None = None,
    character: str | None = None,
    note: str | None = None,
    sure: bool = False,
) -> ItemAwarded:
    """Record who got an item, take what it cost, and announce it once. The floor does not bind it.

    Refuses as `Doubtful`, unless `sure`: the same item recorded for the same raid within 10 minutes, and a cost that
    leads below the floor or is owed beside open bids.
    """
    item = check_item(item)
    member = await people.get_person(session, who)
    held = await _lock_parent(session, await find_raid(session, raid, channel_id))
    pool = await lock_open(session, held.pool_id) if held else await ledger.default_pool(session)
    given = None if cost is None else parse_amount(cost, decimals=pool.decimals)
    decided, price = decide_how(how, given)
    played = await _played(session, member, character)
    key = (pool.pool_id, member.member_id)
    accounts: dict[ledger.Key, Account] = await ledger.lock_accounts(session, [key] if price else [])
    copies = await _copies(session, item, held)
    troubles = await _troubles(session, key, price)
    if (copies or troubles) and not sure:
        label = "Second copy" if copies else "Award it all the same"
        raise Doubtful("\n".join([*copies, *troubles]), label=label)
    award = NewAward(
        item,
        pool.pool_id,
        price,
        decided,
        raid_id=held.raid_id if held else None,
        character=played,
        note=clip(" ".join(note.split()), NOTE_LENGTH) if note and note.strip() else None,
    )
    row = await record_award(session, award, member, accounts)
    announce(session, row, member, channel_id)
    done = ItemAwarded(
        session.guild_id,
        row.award_id,
        item,
        member.member_id,
        member.display_name,
        decided,
        price,
        pool.name,
        held.name if held else None,
        accounts[key].balance if price else None,
    )
    if session.me is not None and session.me.member_id == member.member_id:
        tell_own_act(session, f"ownaw{row.award_id}", f"awarded an item to themselves. {done.in_words()}", channel_id)
    session.tell(done)
    return done


async def _lock_parent(session: Session, raid: Raid | None) -> Raid | None:
    """One award of a raid at a time, or, without a raid, one of the guild: of two at once the second sees the first."""
    if raid is None:
        default = select(Pool.pool_id).where(Pool.guild_id == session.guild_id, Pool.is_default)
        await session.execute(default.with_for_update(key_share=True))
        return None
    query = (
        select(Raid)
        .where(Raid.guild_id == session.guild_id, Raid.raid_id == raid.raid_id)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    locked = (await session.execute(query)).scalar_one()
    if locked.status == "cancelled":
        raise WhichRaid(f"{safe(locked.name)} was cancelled: leave the raid out, or name another.")
    return locked


async def _played(session: Session, member: Member, character: str | None) -> ledger.Snapshot:
    """The character named, one of theirs, else their main."""
    if character:
        played = await people.get_character(session, character, member.member_id)
    else:
        played = await people.main_of(session, member.member_id)
    return ledger.Snapshot(played.name, played.character_class, played.level) if played else ledger.Snapshot()


async def _copies(session: Session, item: str, raid: Raid | None) -> list[str]:
    """Awards of this item in this raid, or like this one without a raid, of the last 10 minutes."""
    query = (
        select(Award)
        .where(
            Award.guild_id == session.guild_id,
            Award.item_key == name_key(item),
            Award.raid_id.is_not_distinct_from(raid.raid_id if raid else None),
            Award.undone_at.is_(None),
            Award.awarded_at > session.now - COPY_WITHIN,
        )
        .order_by(Award.award_id.desc())
        .limit(5)
    )
    found: Sequence[Award] = (await session.execute(query)).scalars().all()
    return [
        f"Already recorded: **{safe(award.item_name)}** to {safe(award.member_name)} for {points(award.cost)}"
        f" ({award.how}), {when(award.awarded_at)}. Did another drop?"
        for award in found
    ]


async def _troubles(session: Session, key: ledger.Key, price: Decimal) -> list[str]:
    """What a leader should know before points are taken: below the floor, open bids that stand. Mostly nothing."""
    if not price:
        return []
    [line] = await ledger.what_moves_do(session, {key: -price})
    return [line] if "below the floor" in line or "open bid" in line else []
