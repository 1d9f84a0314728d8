"""An unclaimed member turns out to be somebody here: their points, characters and history go over, in one act.

Both ways lead through `absorb`: an officer's `/member link`, and an officer's yes to a claim. The unclaimed row stays,
with a balance of 0 and no active characters, and points to who absorbed it: attendance and loot count through it.
Locks: the raids the unclaimed one sits in, both members, then all accounts.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from sqlalchemy import delete, func, select, update

from bot import audit, outbox, people, permissions
from bot.kit.text import points, safe
from bot.people import Seen
from bot.stage import Session, use_case
from cogs.dkp.service import ledger
from cogs.dkp.service.adjustments import tell_own_act
from cogs.members import rules
from cogs.members.service.changing import hand_over
from cogs.members.service.characters import ensure_main, lock_owners, set_main
from cogs.members.service.unclaimed import get_unclaimed
from cogs.raids.service.lookups import lock_raid
from db.tables import Account, Character, Member, MemberLink, Pool, Raid, RaidMember

NOTICE = "claim"
"""The kind of notice that tells somebody what became of their claim, or that they were linked."""
_NAMED = 20
"""Characters named in a sentence; the rest is counted."""


@dataclass(frozen=True, slots=True)
class Linked:
    """What went over, or would. Names are as they are; `in_words` makes them safe."""

    link_id: int
    name_before: str
    member_name: str
    points: tuple[tuple[str, Decimal], ...]
    """What the unclaimed one had in each pool, debts below zero; and never 0."""
    characters: tuple[str, ...]
    main: str | None
    """The claimer's main afterwards, when it is one of those characters."""

    def in_words(self) -> str:
        return "\n".join([f"**{safe(self.name_before)}** is **{safe(self.member_name)}** now.", *self.lines()])

    def question(self) -> str:
        """The same before it is done."""
        head = f"Is **{safe(self.name_before)}** really **{safe(self.member_name)}**? If so:"
        return "\n".join([head, *self.lines(), "`/dkp undo` takes it back in one act."])

    def lines(self) -> list[str]:
        """What goes over, a line each."""
        lines = [
            f"{points(amount)} {safe(pool)} {'move over' if amount > 0 else 'move over as a debt'}."
            for pool, amount in self.points
        ] or ["There are no points to move over."]
        if self.characters:
            lines.append(f"Characters: {named(self.characters)}.")
        if self.main:
            lines.append(f"{safe(self.main)} becomes the main.")
        return [*lines, "Attendance and loot of the past count for them."]


def named(characters: Sequence[str]) -> str:
    more = len(characters) - _NAMED
    return ", ".join(map(safe, characters[:_NAMED])) + (f" and {more} more" if more > 0 else "")


def check_pair(unclaimed: Member, claimer: Member) -> None:
    """Refuse two who cannot be one person."""
    if unclaimed.member_id == claimer.member_id:
        raise rules.NotLinkable(f"{safe(claimer.display_name)} is that person already.")
    if unclaimed.discord_user_id is not None:
        raise rules.NotLinkable(
            f"{safe(unclaimed.display_name)} has a Discord account: only people without one can be linked to somebody."
        )
    if unclaimed.absorbed_by_member_id is not None:
        raise rules.NotLinkable(
            f"{safe(unclaimed.display_name)} was linked to somebody already: take that back with /dkp undo first."
        )
    if (why := people.why_nobody(unclaimed)) is not None:
        raise rules.NotLinkable(why)
    if claimer.discord_user_id is None or claimer.left_at is not None:
        raise rules.NotLinkable(f"{safe(claimer.display_name)} is not in this server now.")


async def present_user(session: Session, user: Seen | None) -> Member:
    """The row of a Discord user whom an officer names; None is nobody who could have one: a bot, or not here."""
    if user is None:
        raise rules.NotLinkable("Choose a person who is in this server now: neither a bot nor somebody who left.")
    group = permissions.group_of(user.role_ids, session.mapping)
    known = await people.find_by_user(session, user.user_id)
    return await people.present(session, known, user.user_id, user.name, group, user.joined_at)


async def what_goes_over(session: Session, unclaimed: Member, claimer: Member) -> Linked:
    """What linking these two would do; nothing is locked or written."""
    query = (
        select(Pool.name, Account.balance)
        .join(Account, (Account.guild_id == Pool.guild_id) & (Account.pool_id == Pool.pool_id))
        .where(Pool.guild_id == session.guild_id, Account.member_id == unclaimed.member_id, Account.balance != 0)
        .order_by(Pool.is_default.desc(), Pool.name_key)
    )
    balances = tuple((row.name, row.balance) for row in await session.execute(query))
    characters = await _active(session, unclaimed.member_id)
    has_main = await people.main_of(session, claimer.member_id) is not None
    main = next((one.name for one in characters if one.is_main), None)
    names = tuple(one.name for one in characters)
    return Linked(0, unclaimed.display_name, claimer.display_name, balances, names, None if has_main else main)


async def _active(session: Session, member_id: int) -> list[Character]:
    query = select(Character).where(
        Character.guild_id == session.guild_id,
        Character.owner_member_id == member_id,
        Character.retired_at.is_(None),
    )
    order = (Character.is_main.desc(), Character.created_at, Character.character_id)
    query = query.order_by(*order).execution_options(populate_existing=True)
    return list((await session.execute(query)).scalars())


# --- the act ----------------------------------------------------------------------------------------------------------


async def preview_link(session: Session, who: str, user: Seen | None) -> Linked:
    """What `/member link` would do. Refuses what it would refuse."""
    unclaimed, claimer = await get_unclaimed(session, who), await present_user(session, user)
    check_pair(unclaimed, claimer)
    return await what_goes_over(session, unclaimed, claimer)


@use_case("members.link")
async def link_member(session: Session, who: str, user: Seen | None, here: int | None = None) -> Linked:
    """An officer says that an unclaimed person is this Discord user. `here`: the channel it was typed in."""
    unclaimed, claimer = await get_unclaimed(session, who), await present_user(session, user)
    done = await absorb(session, unclaimed.member_id, claimer.member_id, "linked by an officer", here)
    text = f"{safe(session.actor.name)} linked you to **{safe(done.name_before)}** in {safe(session.guild.name)}."
    outbox.notify(session, f"ln{done.link_id}", "\n".join([text, *done.lines()]), claimer, None, NOTICE)
    return done


async def absorb(session: Session, unclaimed_id: int, claimer_id: int, reason: str, here: int | None) -> Linked:
    """The claimer's row absorbs the unclaimed one. Joins the caller's transaction, which holds no account yet."""
    raids = await _lock_running_raids(session, unclaimed_id)
    await lock_owners(session, unclaimed_id, claimer_id)
    unclaimed, claimer = [await people.get_member(session, one) for one in (unclaimed_id, claimer_id)]
    await session.refresh(unclaimed)
    await session.refresh(claimer)
    check_pair(unclaimed, claimer)
    await _move_seats(session, raids, unclaimed_id, claimer_id)
    link = MemberLink(
        guild_id=session.guild_id,
        from_member_id=unclaimed_id,
        to_member_id=claimer_id,
        reason=reason,
        linked_at=session.now,
        linked_by_user_id=session.actor.user_id,
    )
    session.add(link)
    await session.flush()
    characters, main = await _move_characters(session, unclaimed, claimer, reason)
    moved = await _move_points(session, link.member_link_id, unclaimed, claimer, reason)
    unclaimed.absorbed_by_member_id = claimer_id
    if unclaimed.last_credit_at is not None:
        claimer.last_credit_at = max(unclaimed.last_credit_at, claimer.last_credit_at or unclaimed.last_credit_at)
    done = Linked(link.member_link_id, unclaimed.display_name, claimer.display_name, moved, characters, main)
    audit.record(
        session,
        "members.linked",
        target_id=link.member_link_id,
        about=claimer_id,
        before={"name": unclaimed.display_name},
        after={
            "points": [f"{points(amount)} {pool}" for pool, amount in moved],
            "characters": list(characters),
        },
        reason=reason,
    )
    if session.me is not None and session.me.member_id == claimer_id:
        did = f"linked themselves to **{safe(done.name_before)}**.\n" + "\n".join(done.lines())
        tell_own_act(session, f"ownl{link.member_link_id}", did, here)
    return done


async def _lock_running_raids(session: Session, member_id: int) -> list[int]:
    query = (
        select(RaidMember.raid_id)
        .join(Raid, (Raid.guild_id == RaidMember.guild_id) & (Raid.raid_id == RaidMember.raid_id))
        .where(RaidMember.guild_id == session.guild_id, RaidMember.member_id == member_id, Raid.status == "running")
        .order_by(RaidMember.raid_id)
    )
    raids = list((await session.execute(query)).scalars())
    for raid_id in raids:
        await lock_raid(session, raid_id)
    return raids


async def _move_seats(session: Session, raids: Sequence[int], unclaimed_id: int, claimer_id: int) -> None:
    """In raids that run the claimer sits where the unclaimed one sat, unless they sit there already."""
    for raid_id in raids:
        seat = (RaidMember.guild_id == session.guild_id, RaidMember.raid_id == raid_id)
        has_seat = await session.get(RaidMember, (session.guild_id, raid_id, claimer_id)) is not None
        if has_seat:
            await session.execute(delete(RaidMember).where(*seat, RaidMember.member_id == unclaimed_id))
        else:
            move = update(RaidMember).where(*seat, RaidMember.member_id == unclaimed_id).values(member_id=claimer_id)
            await session.execute(move.execution_options(synchronize_session=False))
        session.redraw("raid", raid_id)


async def _move_characters(
    session: Session, unclaimed: Member, claimer: Member, reason: str
) -> tuple[tuple[str, ...], str | None]:
    """Active characters go over with a history row each; the claimer's own main stays, if there is any."""
    has_main = await people.main_of(session, claimer.member_id) is not None
    characters = await _active(session, unclaimed.member_id)
    main = next((one for one in characters if one.is_main), None)
    for one in characters:
        await hand_over(session, one, claimer.member_id, reason)
    if has_main or not characters:
        return tuple(one.name for one in characters), None
    if main is not None:
        await set_main(session, claimer.member_id, main.character_id)
        return tuple(one.name for one in characters), main.name
    return tuple(one.name for one in characters), await ensure_main(session, claimer.member_id)


async def _move_points(
    session: Session, link_id: int, unclaimed: Member, claimer: Member, reason: str
) -> tuple[tuple[str, Decimal], ...]:
    """A pair of entries for each pool in which the unclaimed one has points or a debt.

    Their accounts are locked in every pool, also where there is none yet: whoever would post to one now waits, and then
    finds them absorbed (`ledger.post`).
    """
    every = select(Pool).where(Pool.guild_id == session.guild_id).order_by(Pool.is_default.desc(), Pool.name_key)
    pools = list((await session.execute(every)).scalars())
    theirs = select(Account.pool_id).where(
        Account.guild_id == session.guild_id, Account.member_id == unclaimed.member_id
    )
    known = set((await session.execute(theirs)).scalars())
    keys = [(pool.pool_id, unclaimed.member_id) for pool in pools] + [(one, claimer.member_id) for one in known]
    accounts = await ledger.lock_accounts(session, keys)
    of_unclaimed = {pool.pool_id: accounts[pool.pool_id, unclaimed.member_id] for pool in pools}
    if any(account.held for account in of_unclaimed.values()):
        raise rules.NotLinkable(f"{safe(unclaimed.display_name)} has an open bid: wait until that auction ends.")
    if any(account.balance and pool_id not in known for pool_id, account in of_unclaimed.items()):
        raise rules.NotLinkable(f"{safe(unclaimed.display_name)} was given points just now: do that again.")
    moving = [pool for pool in pools if of_unclaimed[pool.pool_id].balance]
    link = ledger.Link(link_id, unclaimed.member_id, claimer.member_id, claimer.display_name)
    moves = [
        ledger.Move(f"{pool.pool_id}p", pool.pool_id, link, of_unclaimed[pool.pool_id].balance, unclaimed.display_name)
        for pool in moving
    ]
    words = f"{unclaimed.display_name} is {claimer.display_name}: {reason}"
    moved = tuple((pool.name, of_unclaimed[pool.pool_id].balance) for pool in moving)
    await ledger.carry(session, moves, words, accounts)
    return moved


async def problems(session: Session) -> list[str]:
    """For the doctor: who was absorbed has a balance of 0, no active character and a link that stands."""
    absorbed = (Member.guild_id == session.guild_id, Member.absorbed_by_member_id.is_not(None))
    has = (
        select(Member.member_id, Account.balance)
        .join(Account, (Account.guild_id == Member.guild_id) & (Account.member_id == Member.member_id))
        .where(*absorbed, Account.balance != 0)
    )
    wrong = [f"member {row[0]} was absorbed and still has {points(row[1])}" for row in await session.execute(has)]
    plays = (
        select(Member.member_id, func.count())
        .join(Character, (Character.guild_id == Member.guild_id) & (Character.owner_member_id == Member.member_id))
        .where(*absorbed, Character.retired_at.is_(None))
        .group_by(Member.member_id)
    )
    wrong += [f"member {row[0]} was absorbed and still has {row[1]} characters" for row in await session.execute(plays)]
    linked = (
        select(Member.member_id)
        .outerjoin(
            MemberLink,
            (MemberLink.guild_id == Member.guild_id)
            & (MemberLink.from_member_id == Member.member_id)
            & MemberLink.undone_at.is_(None),
        )
        .where(*absorbed, MemberLink.member_link_id.is_(None))
    )
    return wrong + [f"member {row[0]} was absorbed by no link" for row in await session.execute(linked)]
