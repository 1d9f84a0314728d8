"""What the preview of a file says is what is credited: random rosters, random files, every way of taking them in."""

import random
from datetime import datetime, timedelta
from decimal import Decimal

import pytest
from sqlalchemy import select, update

from bot.stage import Stage
from cogs.raids.dumps import Dump, read_file
from cogs.raids.service import imports, roster, ticks
from db.tables import Account, Character, LedgerEntry, Member, Pool, RaidMember, TickCredit
from tests.conftest import person
from tests.rules.test_dumps.evening import seen, who
from tests.services.test_raids.scene import LEAD, adds_up, begin, known, map_roles, read, write

PEOPLE = [person(user_id, f"Person{letter}") for user_id, letter in enumerate("abcdefghij", start=1)]
ALTS = {f"Alt{letter}": f"Person{letter}" for letter in "abcde"}
STRANGERS = ("Nobody", "Whoever")
AT = datetime.fromisoformat("2026-03-06 19:00:00")


async def evening_of(stage: Stage, clock, dice: random.Random) -> int:
    """A raid with some people here, some on the bench, some gone; guests among them; ticks; perhaps a cap."""
    members = {who_.name: await known(stage, who_) for who_ in PEOPLE}
    await known(stage, LEAD)
    await map_roles(stage)
    guests = dice.sample(list(members.values()), dice.randint(0, 3))
    await write(stage, update(Member).where(Member.member_id.in_(guests)).values(role_group="guest"))
    rows = [
        {
            "guild_id": 1,
            "owner_member_id": members[owner],
            "name": alt,
            "name_key": alt.casefold(),
            "is_main": dice.random() < 0.5,
            "created_at": clock.now() - timedelta(days=1),
        }
        for alt, owner in ALTS.items()
    ]
    await write(stage, Character.__table__.insert().values(rows))
    cap = dice.choice([None, None, Decimal(20), Decimal(35)])
    await write(stage, update(Pool).where(Pool.guild_id == 1).values(cap=cap, decimals=dice.choice([0, 2])))
    raid = (await begin(stage, tick_points=dice.choice([None, 7.0, 15.0, 0.0]))).raid_id
    for member_id in members.values():
        status = dice.choice([None, None, "present", "present", "standby", "left early", "excused", "removed"])
        if status == "removed":
            await roster.add_people(stage, LEAD, raid, (member_id,), "present")
            await roster.remove(stage, LEAD, raid, member_id)
        elif status is not None:
            await roster.add_people(stage, LEAD, raid, (member_id,), status)
    await write(
        stage,
        update(RaidMember)
        .where(RaidMember.added_by_user_id.is_not(None))
        .values(added_by_user_id=None if dice.random() < 0.7 else 100),
    )
    for _ in range(dice.randint(0, 3)):
        clock.move(minutes=dice.randint(3, 30))
        await ticks.take_tick(stage, LEAD, raid)
    clock.move(minutes=dice.randint(0, 60))
    return raid


def a_dump(dice: random.Random, kind: str) -> list[Dump]:
    """What a leader uploads: one list, or several."""
    everybody = [p.name for p in PEOPLE] + list(ALTS) + list(STRANGERS)

    def some() -> list[str]:
        return dice.sample(everybody, dice.randint(1, len(everybody)))

    at = AT + timedelta(minutes=dice.randint(0, 90))
    if kind == "log":
        lists = [who(at + timedelta(minutes=dice.randint(0, 40)), *seen(*some())) for _ in range(dice.randint(1, 5))]
        return list(read_file("eqlog_Lead_xegony.txt", "".join(lists).encode()).moments)
    if kind == "guild dump":
        cells = "\t60\tBard\tMember\t\t03/06/26\t{}\t\t\toff\toff\t0\t\t\t\n"
        text = "".join(name + cells.format(dice.choice(["Fear", "Hate", ""])) for name in some())
        cells = "Person" + "a" + cells.format("Fear")
        return list(read_file(f"Wolf Pack-{at:%Y%m%d-%H%M%S}.txt", (text + cells).encode()).moments)
    rows = "".join(f"1\t{name}\t60\tBard\t\t\t\r\n" for name in some())
    return list(read_file(f"RaidRoster-{at:%Y%m%d-%H%M%S}.txt", rows.encode()).moments)


async def standing(stage: Stage) -> tuple[Decimal, int, int, set[int]]:
    """All points, all credits, all seats."""
    balances = await read(stage, select(Account.balance))
    credits = await read(stage, select(TickCredit.member_id))
    seats = await read(stage, select(RaidMember.member_id).where(RaidMember.status.not_in(("excused", "absent"))))
    return sum(balances, Decimal(0)), len(credits), len(seats), set(seats)


@pytest.mark.parametrize("seed", range(18))
async def test_what_the_preview_says_is_what_is_credited(stage, clock, seed):
    dice = random.Random(seed)
    raid = await evening_of(stage, clock, dice)
    kind = ("log", "raid roster", "guild dump")[seed % 3]
    dumps = a_dump(dice, kind)
    dump = dice.choice(dumps)
    ways = ["new", "into", "roster", "several"]
    dice.shuffle(ways)
    for way in ways:
        points, credits, seats, _ = await standing(stage)
        if way == "several":
            shown = await stage.read(
                LEAD, "raids.manage", lambda session: imports.preview_moments(session, raid, dumps)
            )
            if not shown.moments:
                continue
            done = await imports.import_moments(stage, LEAD, raid, "file", dumps, shown.ticks)
            said = [(m.outcome.people, m.outcome.total, m.outcome.cut) for m in shown.moments]
            assert [(one.people, one.total, one.cut) for one in done.moments] == said
            total, people = shown.total, sum(m.outcome.people for m in shown.moments)
            joined = sum(one.seated for one in done.moments)
        else:
            one = await stage.read(LEAD, "raids.manage", lambda session: imports.preview_import(session, raid, dump))
            if one.already_in is not None or (way == "into" and not one.into_ticks):
                continue
            outcome = {"new": one.new_tick, "into": one.into_ticks[0] if one.into_ticks else None}.get(way)
            made = await imports.import_dump(
                stage,
                LEAD,
                raid,
                "file",
                dump,
                tick_id=outcome.tick_id if outcome and way == "into" else None,
                roster_only=way == "roster",
                again=True,
            )
            total, people = (outcome.total, outcome.people) if outcome else (Decimal(0), 0)
            joined = one.roster_only
            assert (made.people, made.total, made.seated) == (people, total, joined)
            assert made.cut == (outcome.cut if outcome else 0)
            assert made.not_credited == one.not_credited
            assert made.unknown == len(one.unknown)
        after, counted, seated, _ = await standing(stage)
        assert (after - points, counted - credits) == (total, people), way
        assert seated - seats == joined, way
    credited = await read(stage, select(LedgerEntry.idempotency_key))
    assert len(credited) == len(set(credited))
    await adds_up(stage)
