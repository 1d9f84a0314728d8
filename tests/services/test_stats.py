"""Statistics on a real database: every number here was reckoned by hand from the rows beside it."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from decimal import Decimal

import asyncpg
import pytest
from sqlalchemy import insert, select, text

from bot.refusals import NotFound, Refused
from bot.stage import Session, Stage
from bot.typed import name_key
from cogs.dkp.service import ledger
from cogs.stats import service
from cogs.stats.service import points as points_service
from db.tables import Award, LedgerEntry
from tests.conftest import MovableClock, person
from tests.services.test_auctions.house import ITSELF, give, member, up, write

D = Decimal
ANNA, BORIS, CARA = person(1, "Anna"), person(2, "Boris"), person(3, "Cara")
Move = tuple[str, str, int, int] | tuple[str, str, int, int, str]
"""Who, kind, amount, days ago, and the source where it matters."""


@pytest.fixture
async def ids(stage: Stage) -> dict[str, int]:
    return {actor.name: (await member(stage, actor)).member_id for actor in (ANNA, BORIS, CARA)}


async def post(stage: Stage, ids: dict[str, int], moves: Sequence[Move], source_id: int | None = None) -> list[int]:
    """Entries in this order, each at its time."""

    async def work(session: Session) -> list[int]:
        pool = (await ledger.default_pool(session)).pool_id
        accounts = await ledger.lock_accounts(session, [(pool, ids[move[0]]) for move in moves])
        first = len((await session.execute(select(LedgerEntry.entry_id))).all())
        entries = [
            ledger.NewEntry(
                pool, ids[who], kind, D(amount), "test", *(source or ("officer",)), source_id, f"e{first + number}",
                who, at=session.now - timedelta(days=ago),
            )
            for number, (who, kind, amount, ago, *source) in enumerate(moves)
        ]  # fmt: skip
        return [posted.entry_id or 0 for posted in await ledger.post(session, entries, accounts)]

    return await stage.run(ITSELF, work)


async def points(stage: Stage, days: int | None = None, pool: str | None = None) -> list[service.PoolStats]:
    return await stage.run(ANNA, lambda session: service.points_stats(session, days, pool))


PAST: list[Move] = [
    ("Anna", "adjustment", 100, 100),
    ("Anna", "attendance", 40, 50),
    ("Boris", "bonus", 10, 50),
    ("Boris", "penalty", -3, 45),
    ("Cara", "opening", 20, 40),
    ("Anna", "loot", -30, 20),
    ("Boris", "loot", -5, 20),
    ("Anna", "transfer", -6, 10),
    ("Boris", "transfer", 6, 10),
    ("Anna", "decay", -14, 5),
]
"""118 at the end: Anna 90, Boris 8, Cara 20; 100 of it before the last 90 days."""


async def test_what_is_in_circulation_is_what_was_and_every_flow(stage: Stage, ids: dict[str, int]) -> None:
    await post(stage, ids, PAST)
    [found] = await points(stage)
    assert found.circulating == 118
    flows = {"earned": 50, "spent": -35, "adjusted": -3, "decayed": -14, "start points": 20}
    assert found.flows == {name: D(amount) for name, amount in flows.items()}
    assert found.in_words() == (
        "**DKP**: **118** points in circulation, +18 in the last 90 days\n"
        "earned **50** · spent **35** · adjusted **-3** · decayed **14** · start points **20**\n"
        "**3** people have points; the richest has **76.2 %** of them."
    )
    assert (found.moments[0][1], found.moments[-1]) == (100, (stage.clock.now(), D(118)))
    at = {(stage.clock.now() - moment).days: there for moment, there in found.moments}
    assert [at[days] for days in (49, 44, 39, 19, 9, 4)] == [150, 147, 167, 132, 132, 118]


async def test_a_shorter_window_has_less_and_ends_on_the_same(stage: Stage, ids: dict[str, int]) -> None:
    await post(stage, ids, PAST)
    [found] = await points(stage, 7)
    assert (found.circulating, found.flows) == (118, {"decayed": -14})
    assert found.moments[0][1] == 132


async def test_what_was_undone_is_no_flow_and_an_undone_undo_is_one_again(stage: Stage, ids: dict[str, int]) -> None:
    *_, earned = await post(stage, ids, [*PAST, ("Anna", "attendance", 7, 3)])
    assert (await points(stage))[0].flows["earned"] == 57

    async def reverse(session: Session) -> int:
        await ledger.reverse(session, [earned], "wrong")
        return (await ledger.lasts(session, [earned]))[earned].entry_id

    turned = await stage.run(ITSELF, reverse)
    assert (await points(stage))[0].flows == {
        "earned": 50, "spent": -35, "adjusted": -3, "decayed": -14, "start points": 20,
    }  # fmt: skip
    await stage.run(ITSELF, lambda session: ledger.reverse(session, [turned], "right after all"))
    assert (await points(stage))[0].flows["earned"] == 57


async def import_at(owner: asyncpg.Connection, at: datetime) -> int:
    return await owner.fetchval(
        "INSERT INTO data_import (guild_id, format, file_name, sha256, summary, imported_at)"
        " VALUES (1, 'eqdkp', 'x', 'x', '{}', $1) RETURNING data_import_id",
        at,
    )


async def test_an_import_tells_of_the_past_after_the_present(
    stage: Stage, ids: dict[str, int], owner: asyncpg.Connection
) -> None:
    await post(stage, ids, PAST[:4])
    brought = await import_at(owner, stage.clock.now())
    await post(stage, ids, [("Cara", "attendance", 1000, 900, "import"), ("Cara", "loot", -200, 0, "import")], brought)
    [found] = await points(stage)
    assert (found.circulating, found.flows["brought in"], found.flows["earned"]) == (947, -200, 50)
    assert found.moments[0][1] == 1100


@pytest.mark.parametrize("days", [1, 5, 20, 41, 60, 101])
async def test_a_window_is_found_by_halves_whatever_an_import_brought_between(
    stage: Stage, ids: dict[str, int], owner: asyncpg.Connection, monkeypatch: pytest.MonkeyPatch, days: int
) -> None:
    monkeypatch.setattr(points_service, "_FEW", 1)
    await post(stage, ids, [("Anna", "bonus", 1, ago) for ago in range(100, 40, -1)])
    brought = await import_at(owner, stage.clock.now() - timedelta(days=41))
    await post(stage, ids, [("Cara", "attendance", 100, 41 + ago, "import") for ago in range(300)], brought)
    await post(stage, ids, [("Boris", "bonus", 1, ago) for ago in range(40, -1, -1)])
    [found] = await points(stage, days)
    since = found.moments[0][0]
    rows = await owner.fetch("SELECT source, sum(amount) FROM ledger_entry WHERE created_at >= $1 GROUP BY 1", since)
    wanted = {"brought in" if row["source"] == "import" else "earned": row["sum"] for row in rows}
    assert found.flows == wanted
    before = await stage.run(ITSELF, lambda session: points_service._posted_before(session, since))
    newer = await owner.fetchval("SELECT min(entry_id) FROM ledger_entry WHERE created_at >= $1", since)
    assert before < newer
    if days < 40:
        assert before >= newer - 2, "what lies before the window is not read"


async def test_pools_come_default_first_archived_ones_when_named(
    stage: Stage, ids: dict[str, int], owner: asyncpg.Connection
) -> None:
    await owner.execute(
        "INSERT INTO pool (guild_id, name, name_key, created_at, archived_at)"
        " VALUES (1, 'Alt', 'alt', now(), NULL), (1, 'Old', 'old', now(), now())"
    )
    assert [found.pool for found in await points(stage)] == ["DKP", "Alt"]
    [old] = await points(stage, pool="old")
    assert (old.pool, old.circulating) == ("Old (archived)", 0)
    assert old.in_words().endswith("Nobody has points.")
    with pytest.raises(NotFound):
        await points(stage, pool="nothing")


async def test_what_is_held_changes_nothing_that_is_shown(stage: Stage, ids: dict[str, int]) -> None:
    await give(stage, ANNA, 100)
    before = [found.in_words() for found in await points(stage)]
    auction = await up(stage)
    held = """INSERT INTO hold (guild_id, auction_id, member_id, pool_id, amount, placed_at)
              SELECT 1, {}, member_id, pool_id, 60, now() FROM account"""
    await write(stage, text(held.format(auction)))
    await write(stage, text("UPDATE account SET held = 60"))
    assert [found.in_words() for found in await points(stage)] == before


@pytest.mark.parametrize("days", [0, -1, 3651, 10**9])
async def test_absurd_days_are_answered_with_what_they_may_be(stage: Stage, days: int) -> None:
    for look in (service.points_stats, service.loot_stats):
        with pytest.raises(Refused, match="Days go from 1 to 3,650"):
            await stage.run(ANNA, lambda session, look=look: look(session, days, None))


# --- loot -------------------------------------------------------------------------------------------------------------


async def awarded(stage: Stage, member_id: int, item: str, cost: int, ago: int, **more: object) -> None:
    async def work(session: Session) -> None:
        row = {
            "guild_id": 1, "pool_id": (await ledger.default_pool(session)).pool_id, "member_id": member_id,
            "item_name": item, "item_key": name_key(item), "member_name": "then", "how": "auction", "cost": D(cost),
            "awarded_at": session.now - timedelta(days=ago), **more,
        }  # fmt: skip
        await session.execute(insert(Award).values(row))

    await stage.run(ITSELF, work)


async def raids(owner: asyncpg.Connection, clock: MovableClock, evenings: Sequence[tuple[int, Sequence[int]]]) -> None:
    """Ended raids with a tick each: so many days ago, who was credited. Everybody is a member since long ago."""
    await owner.execute("UPDATE member SET became_member_at = $1", clock.now() - timedelta(days=1000))
    for number, (ago, there) in enumerate(evenings, 1):
        at = clock.now() - timedelta(days=ago)
        await owner.execute(
            "INSERT INTO event (guild_id, event_id, name, name_key, last_used_at) OVERRIDING SYSTEM VALUE"
            " VALUES (1, 1, 'Fear', 'fear', now()) ON CONFLICT DO NOTHING"
        )
        await owner.execute(
            "INSERT INTO raid (guild_id, raid_id, event_id, pool_id, name, status, tick_points, channel_id, started_at,"
            " started_by_user_id, ended_at) OVERRIDING SYSTEM VALUE"
            " SELECT 1, $1, 1, pool_id, 'Fear', 'ended', 10, 7, $2, 7, $2 FROM pool WHERE is_default",
            number,
            at,
        )
        await owner.execute(
            "INSERT INTO tick (guild_id, tick_id, raid_id, number, value, source, taken_at) OVERRIDING SYSTEM VALUE"
            " VALUES (1, $1, $1, 1, 10, 'button', $2)",
            number,
            at,
        )
        credits = [(1, number, member_id, "button") for member_id in there]
        await owner.executemany(
            "INSERT INTO tick_credit (guild_id, tick_id, member_id, evidence) VALUES ($1, $2, $3, $4)", credits
        )


async def loot(stage: Stage, days: int | None = None, pool: str | None = None) -> service.LootStats:
    return await stage.run(ANNA, lambda session: service.loot_stats(session, days, pool))


async def test_what_was_won_stands_beside_attendance_on_the_same_days(
    stage: Stage, ids: dict[str, int], owner: asyncpg.Connection, clock: MovableClock
) -> None:
    anna, boris, cara = ids["Anna"], ids["Boris"], ids["Cara"]
    dora = (await member(stage, person(4, "Dora"))).member_id
    await raids(owner, clock, [(80, [anna, boris]), (40, [anna, boris, dora]), (2, [boris]), (200, [cara])])
    await awarded(stage, boris, "Ring", 30, 80)
    await awarded(stage, anna, "Cloak", 100, 40)
    await awarded(stage, anna, "Belt", 50, 2)
    await awarded(stage, cara, "Boots", 0, 2, how="roll")
    await awarded(stage, boris, "Orb", 999, 2, undone_at=clock.now())
    await awarded(stage, boris, "Ring", -20, 2)
    await awarded(stage, cara, "Sword", 500, 120)
    found = await loot(stage)
    assert (found.sold, found.free, found.spent, found.median, found.halves) == (3, 1, 180, 50, (30, 75))
    assert [cost for _, cost in found.weeks] == [30, 100, 50]
    assert [each.in_words() for each in found.winners] == [
        "**Anna** · 2 items · **150** (83.3 %) · there 66.6 %",
        "**Boris** · 1 item · **30** (16.6 %) · there 100.0 %",
        "**Cara** · 1 item · there 0.0 %",
        "**Dora** · 0 items · there 33.3 %",
    ]
    head, trend, _, *dear = found.in_words().splitlines()[1:]
    assert head == "**3 items** sold for **180** points; 1 was rolled for or given."
    assert trend == "Median price **50**: **30** in the older half of these days, **75** in the newer."
    assert [line.rsplit(" · ", 1)[0] for line in dear] == [
        "**100** · Cloak → Anna", "**50** · Belt → Anna", "**30** · Ring → Boris",
    ]  # fmt: skip
    assert [(each.name, each.items, each.attendance.in_words()) for each in (await loot(stage, 7)).winners] == [
        ("Anna", 1, "0.0 %"), ("Cara", 1, "0.0 %"), ("Boris", 0, "100.0 %"),
    ]  # fmt: skip


async def test_who_was_absorbed_won_for_who_they_are_now(
    stage: Stage, ids: dict[str, int], owner: asyncpg.Connection
) -> None:
    await awarded(stage, ids["Cara"], "Ring", 20, 3)
    await awarded(stage, ids["Anna"], "Cloak", 30, 3)
    await owner.execute("UPDATE member SET absorbed_by_member_id = $1 WHERE member_id = $2", ids["Anna"], ids["Cara"])
    [anna] = (await loot(stage)).winners
    assert (anna.name, anna.items, anna.spent) == ("Anna", 2, 50)


async def test_an_imports_items_count_where_a_raid_dates_them(
    stage: Stage, ids: dict[str, int], owner: asyncpg.Connection, clock: MovableClock
) -> None:
    brought = await import_at(owner, clock.now())
    await raids(owner, clock, [(10, [])])
    await awarded(stage, ids["Anna"], "Ring", 20, 0, data_import_id=brought)
    await awarded(stage, ids["Anna"], "Belt", 5, 10, data_import_id=brought, raid_id=1)
    assert (await loot(stage)).spent == 5


async def test_without_loot_it_says_so_and_names_the_pools_that_have_some(
    stage: Stage, ids: dict[str, int], owner: asyncpg.Connection
) -> None:
    found = await loot(stage)
    assert (found.in_words(), found.winners) == ("**Loot in DKP**, the last 90 days\nNothing was sold.", ())
    assert await found.picture() is None
    alt = await owner.fetchval(
        "INSERT INTO pool (guild_id, name, name_key, created_at) VALUES (1, 'Alt', 'alt', now()) RETURNING pool_id"
    )
    await awarded(stage, ids["Anna"], "Ring", 20, 3, pool_id=alt)
    assert "Sold in other pools: 1 in Alt. Name a pool to see its loot." in (await loot(stage)).in_words()
    assert (await loot(stage, pool="alt")).spent == 20
