"""Ticks: taken by a leader or the clock, completed afterwards, undone."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

from sqlalchemy import func, select, update

from bot import audit, due, outbox, people, permissions
from bot.kit.text import points, safe
from bot.outbox import Button
from bot.refusals import NotFound
from bot.stage import Session, use_case
from bot.typed import parse_amount
from cogs.raids.rules import (
    PRESENT,
    STANDBY,
    Credit,
    NobodyToCredit,
    TickUndone,
    check_not_too_soon,
    check_running,
    check_tick_value,
    decide_tick,
    next_automatic,
    standby_share,
    too_soon,
)
from cogs.raids.service import credit as paying
from cogs.raids.service.lookups import get_own_raid, get_tick, lock_raid
from cogs.raids.service.roster import entitled, seat, seats
from db.tables import Member, Raid, RaidMember, Tick

AUTOMATIC = "raid.tick"
"""The kind of due work that takes a raid's next automatic tick; its key is the raid."""


@dataclass(frozen=True, slots=True)
class Heard:
    """Somebody in a voice channel; bots are left out."""

    user_id: int
    name: str
    role_ids: frozenset[int] = frozenset()


@dataclass(frozen=True, slots=True)
class TickTaken:
    """A tick as it was taken; names are safe to show."""

    guild_id: int
    raid_id: int
    raid_name: str
    tick_id: int
    number: int
    value: Decimal
    taken_at: datetime
    people: int
    standby: int
    total: Decimal
    not_credited: tuple[str, ...] = ()
    out_of_voice: tuple[str, ...] = ()
    cut: Decimal = Decimal(0)
    """What the pool's cap took."""


@use_case("raids.manage")
async def take_tick(
    session: Session,
    raid_id: int,
    *,
    value: str | float | None = None,
    note: str | None = None,
    heard: Sequence[Heard] | None = None,
    again: bool = False,
    source: str = "command",
) -> TickTaken:
    """Credit everybody who is at a running raid, once. `heard` are the people in voice, None without a channel.

    Refuses a second tick within 120 s (`TickTooSoon`) unless `again`.
    """
    voice = await _members_heard(session, heard)
    raid = await lock_raid(session, raid_id)
    check_running(raid.status, raid.name)
    if not again:
        check_not_too_soon(session.now, [(t.number, t.taken_at) for t in await paying.standing_ticks(session, raid_id)])
    pool = await paying.get_pool(session, raid)
    worth = raid.tick_points if value is None else parse_amount(value, decimals=pool.decimals)
    check_tick_value(worth)
    taken = await _take(session, raid, worth, note, voice, source)
    assert taken is not None
    return taken


async def _take(
    session: Session, raid: Raid, value: Decimal, note: str | None, voice: set[int] | None, source: str
) -> TickTaken | None:
    """Decide and write a tick of a locked raid. The clock takes none when nobody would be credited."""
    pool = await paying.get_pool(session, raid)
    roster = await seats(session, raid.raid_id)
    everybody = await _everybody(session, {s.member_id for s in roster} | (voice or set()))
    earlier = await paying.standing_ticks(session, raid.raid_id)
    plan = decide_tick(
        roster,
        voice=voice,
        voice_required=raid.voice_mode == "required",
        entitled={member_id for member_id, member in everybody.items() if entitled(session, member)},
        value=value,
        standby_value=standby_share(value, session.guild.standby_percent, pool.decimals),
        seen_since=max((tick.taken_at for tick in earlier), default=raid.started_at - timedelta(seconds=1)),
    )
    if source == "automatic" and not plan.credits:
        return None
    tick = await new_tick(session, raid, value, session.now, source, note)
    if plan.strangers:
        tick.not_credited = {"members": list(plan.strangers)}
    await seat(session, raid, plan.joins, PRESENT, seen_by="voice")
    await _count_unseen(session, raid, plan.unseen)
    paid = await paying.pay(session, raid, [(tick, credit) for credit in plan.credits])
    taken = TickTaken(
        session.guild_id,
        raid.raid_id,
        raid.name,
        tick.tick_id,
        tick.number,
        value,
        tick.taken_at,
        len(plan.credits),
        sum(credit.standby for credit in plan.credits),
        paid.total,
        tuple(safe(everybody[member_id].display_name) for member_id in plan.strangers),
        tuple(safe(everybody[member_id].display_name) for member_id in plan.out_of_voice),
        paid.cut,
    )
    after = {"raid": raid.name, "number": tick.number, "people": taken.people, "points": taken.total, "source": source}
    audit.record(session, "raids.tick.taken", target_id=tick.tick_id, after=after, reason=note)
    session.tell(taken)
    session.redraw("raid", raid.raid_id)
    return taken


async def new_tick(
    session: Session, raid: Raid, value: Decimal, taken_at: datetime, source: str, note: str | None = None
) -> Tick:
    """The next tick of a locked raid, without credits yet. Numbers of undone ticks are not used again."""
    last = select(func.max(Tick.number)).where(Tick.guild_id == session.guild_id, Tick.raid_id == raid.raid_id)
    tick = Tick(
        guild_id=session.guild_id,
        raid_id=raid.raid_id,
        number=((await session.execute(last)).scalar_one() or 0) + 1,
        value=value,
        note=note,
        source=source,
        taken_at=taken_at,
        taken_by_user_id=session.actor.user_id,
    )
    session.add(tick)
    await session.flush()
    return tick


async def _members_heard(session: Session, heard: Sequence[Heard] | None) -> set[int] | None:
    """Member ids of the people in voice; who was never seen before gets a row.

    Called before the raid is locked: a newcomer who presses now makes the same row, then waits for the raid.
    """
    if heard is None:
        return None
    by_user = {person.user_id: person for person in heard}
    query = select(Member.discord_user_id, Member.member_id).where(
        Member.guild_id == session.guild_id, Member.discord_user_id.in_(by_user)
    )
    known = {row[0]: row[1] for row in await session.execute(query)}
    for user_id in sorted(set(by_user) - set(known)):
        group = permissions.group_of(by_user[user_id].role_ids, session.mapping)
        known[user_id] = (await people.present(session, None, user_id, by_user[user_id].name, group)).member_id
    return set(known.values())


async def _everybody(session: Session, member_ids: Collection[int]) -> dict[int, Member]:
    query = select(Member).where(Member.guild_id == session.guild_id, Member.member_id.in_(member_ids))
    return {member.member_id: member for member in (await session.execute(query)).scalars()}


async def _count_unseen(session: Session, raid: Raid, unseen: Sequence[tuple[int, int]]) -> None:
    by_count: dict[int, list[int]] = {}
    for member_id, count in unseen:
        by_count.setdefault(count, []).append(member_id)
    for count, member_ids in sorted(by_count.items()):
        await session.execute(
            update(RaidMember)
            .where(
                RaidMember.guild_id == session.guild_id,
                RaidMember.raid_id == raid.raid_id,
                RaidMember.member_id.in_(member_ids),
            )
            .values(unseen_ticks=count)
            .execution_options(synchronize_session=False)
        )


# --- ticks that come by themselves ------------------------------------------------------------------------------------


async def schedule_next(session: Session, raid: Raid, due_at: datetime | None = None) -> None:
    """Plan the next automatic tick of a running raid, or none. `due_at` is the one that just came."""
    if raid.every_seconds is None or raid.status != "running":
        await due.cancel(session, AUTOMATIC, raid.raid_id)
        return
    every = timedelta(seconds=raid.every_seconds)
    at = session.now + every if due_at is None else next_automatic(due_at, every, session.now)
    await due.schedule(session, AUTOMATIC, raid.raid_id, at)


@use_case(None)
async def take_automatic_tick(
    session: Session, raid_id: int, due_at: datetime, heard: Sequence[Heard] | None, late: bool
) -> TickTaken | None:
    """The tick that was due: taken at most once, announced in one line with Undo, and the next one planned.

    None when there is nothing to take: the raid is over, a leader took one within 120 s, or nobody is there.
    """
    assert session.actor.user_id is None, "only the clock takes automatic ticks"
    voice = await _members_heard(session, heard)
    raid = await lock_raid(session, raid_id)
    if raid.status != "running" or raid.every_seconds is None:
        return None
    done = select(func.count()).where(
        Tick.guild_id == session.guild_id,
        Tick.raid_id == raid_id,
        Tick.source == "automatic",
        Tick.taken_at >= due_at,
    )
    if (await session.execute(done)).scalar_one():
        return None
    await schedule_next(session, raid, due_at)
    standing = [(tick.number, tick.taken_at) for tick in await paying.standing_ticks(session, raid_id)]
    if too_soon(session.now, standing):
        return None
    taken = await _take(session, raid, raid.tick_points, None, voice, "automatic")
    if taken is None:
        return None
    outbox.send(
        session,
        f"tick{taken.tick_id}",
        f"{safe(raid.name)}: tick {taken.number} by the clock, {people_and_points(taken)}.{_lateness(late)}",
        channel_id=raid.channel_id,
        buttons=[Button("raid.undo_tick", (raid_id, taken.tick_id), "Undo")],
    )
    return taken


def people_and_points(taken: TickTaken) -> str:
    """ "12 people, 2 of them on standby, 110 points" """
    who = "1 person" if taken.people == 1 else f"{taken.people} people"
    bench = f", {taken.standby} of them on standby" if taken.standby else ""
    cut = f" ({points(taken.cut)} above the cap were cut)" if taken.cut else ""
    return f"{who}{bench}, {points(taken.total)} points{cut}"


def _lateness(late: bool) -> str:
    return " It comes late: I was away when it was due." if late else ""


# --- credit afterwards ------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class PeopleCredited:
    """People who got credit for ticks that were taken before; names are safe to show."""

    guild_id: int
    raid_id: int
    raid_name: str
    tick_numbers: tuple[int, ...]
    names: tuple[str, ...]
    total: Decimal
    already: int
    """Credits that stood before: nobody is credited twice by one tick."""
    cut: Decimal = Decimal(0)
    """What the pool's cap took."""


@use_case("raids.manage")
async def credit_people(
    session: Session,
    raid_id: int,
    tick_ids: tuple[int, ...],
    member_ids: tuple[int, ...],
    *,
    standby: bool = False,
    as_seated: bool = False,
) -> PeopleCredited:
    """Credit people with chosen ticks of a raid, running or over, on a leader's word; each person once a tick.

    They also take a seat, and while the raid runs are credited from then on. `as_seated`: who is on the bench stays
    there and gets standby's share.
    """
    raid = await lock_raid(session, raid_id)
    if raid.status == "cancelled":
        check_running(raid.status, raid.name)
    ticks = [tick for tick in await paying.standing_ticks(session, raid_id) if tick.tick_id in tick_ids]
    if len(ticks) < len(set(tick_ids)):
        raise TickUndone("One of those ticks was undone meanwhile; look again with /raid show.")
    absorbed = await people.living_ids(session, member_ids)
    member_ids = tuple(dict.fromkeys(absorbed.get(member_id, member_id) for member_id in member_ids))
    known = await _everybody(session, member_ids)
    if len(known) < len(set(member_ids)):
        raise NotFound("One of those people is not a member here any more.")
    had = await paying.credited(session, tick_ids)
    pool = await paying.get_pool(session, raid)
    roster = await seats(session, raid_id)
    bench = set(known) if standby else {s.member_id for s in roster if as_seated and s.status == STANDBY} & set(known)
    paid = [
        (
            tick,
            Credit(member_id, _worth(session, tick, pool.decimals, member_id in bench), member_id in bench, "officer"),
        )
        for tick in ticks
        for member_id in sorted(set(member_ids))
        if (tick.tick_id, member_id) not in had
    ]
    seated = set(known) if raid.status == "running" else set(known) - {s.member_id for s in roster}
    for status, members in ((STANDBY, seated & bench), (PRESENT, seated - bench)):
        await seat(session, raid, members, status, even_removed=True, added_by_user_id=session.actor.user_id)
    done = await paying.pay(session, raid, paid)
    for tick in ticks:
        left = [m for m in (tick.not_credited or {}).get("members", []) if m not in known and m not in absorbed]
        tick.not_credited = {"members": left} if left else None
    numbers = tuple(tick.number for tick in ticks)
    for member_id in sorted({credit.member_id for _, credit in paid}):
        after = {"raid": raid.name, "ticks": list(numbers), "points": done.by_member.get(member_id, Decimal(0))}
        audit.record(session, "raids.credited", target_id=raid_id, about=member_id, after=after)
    names = tuple(safe(member.display_name) for member in known.values())
    credited = PeopleCredited(
        session.guild_id,
        raid_id,
        raid.name,
        numbers,
        names,
        done.total,
        len(ticks) * len(known) - len(paid),
        done.cut,
    )
    session.tell(credited)
    session.redraw("raid", raid_id)
    return credited


def _worth(session: Session, tick: Tick, decimals: int, standby: bool) -> Decimal:
    return standby_share(tick.value, session.guild.standby_percent, decimals) if standby else tick.value


async def preview_credit(
    session: Session, raid_id: int, tick_ids: Sequence[int], member_ids: Sequence[int], *, standby: bool = False
) -> str:
    """What crediting people afterwards would pay, in a sentence."""
    raid = await get_own_raid(session, raid_id)
    pool = await paying.get_pool(session, raid)
    standing = [tick for tick in await paying.standing_ticks(session, raid_id) if tick.tick_id in tick_ids]
    had = await paying.credited(session, tick_ids)
    worth = [
        _worth(session, tick, pool.decimals, standby)
        for tick in standing
        for member_id in set(member_ids)
        if (tick.tick_id, member_id) not in had
    ]
    already = len(standing) * len(set(member_ids)) - len(worth)
    credits = "1 credit" if len(worth) == 1 else f"{len(worth)} credits"
    before = f" {already} stand already and are not paid again." if already else ""
    return f"{credits}, {points(sum(worth, Decimal(0)))} points in all.{before}"


@use_case("raids.manage")
async def credit_seen(session: Session, tick_id: int) -> PeopleCredited:
    """**Add**: credit everybody the tick listed as "not credited"."""
    tick = await get_tick(session, tick_id)
    waiting = tuple((tick.not_credited or {}).get("members", []))
    if not waiting:
        raise NobodyToCredit(f"Everybody whom tick {tick.number} saw is credited already.")
    return await credit_people.join(session, tick.raid_id, (tick_id,), waiting, as_seated=True)
