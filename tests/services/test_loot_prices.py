"""Every item ever awarded is offered, and what it went for is told in a line: on a real database, numbers by hand."""

from datetime import timedelta
from decimal import Decimal

import pytest
from sqlalchemy import delete, insert, text, update

from bot.kit.pickers import fitting
from bot.refusals import NotFound
from bot.stage import Stage
from bot.typed import name_key
from cogs.auctions.service import looking
from cogs.dkp.service import ledger
from cogs.loot import service as loot
from cogs.loot.service.prices import prices_of
from db.tables import Auction, Award, DataImport
from tests.conftest import person
from tests.services.test_auctions.house import ITSELF, LEAD, member, up, write

D = Decimal
ANNA = person(1, "Anna")
CLOAK = "Cloak of Flames"


@pytest.fixture
async def anna(stage: Stage) -> int:
    return (await member(stage, ANNA)).member_id


async def awarded(stage: Stage, anna: int, item: str, cost: int | str, *, days_ago: float = 0, **more) -> None:
    """An award as it stands in the rows."""

    async def work(session) -> None:
        pool = await ledger.default_pool(session)
        row = {
            "guild_id": 1, "pool_id": pool.pool_id, "member_id": anna, "item_name": item, "item_key": name_key(item),
            "member_name": "Anna", "how": "auction", "cost": D(cost),
            "awarded_at": session.now - timedelta(days=days_ago), **more,
        }  # fmt: skip
        await session.execute(insert(Award).values(row))

    await stage.run(ITSELF, work)


async def line(stage: Stage, item: str = CLOAK) -> str | None:
    async def look(session) -> str | None:
        pool = await ledger.default_pool(session)
        return await loot.price_line(session, name_key(item), pool.pool_id)

    return await stage.run(ANNA, look)


async def offered(stage: Stage, typed: str, look=loot.items) -> list[tuple[str, str]]:
    found = await stage.run(LEAD, lambda session: look(session, typed))
    return [(choice.name, choice.value) for choice in fitting(found)]


async def test_an_items_line_tells_range_median_count_and_last(stage: Stage, anna: int) -> None:
    assert await line(stage) is None
    for cost in (60, 40, 75, 50, 48, 60):
        await awarded(stage, anna, CLOAK, cost)
    assert await line(stage) == "Went for 40 to 75 lately, median 55 (6 sold), last 60"
    assert await line(stage, "Ring") is None


async def test_an_items_line_leaves_out_what_was_undone_free_or_paid_in_another_pool(stage: Stage, anna: int) -> None:
    await awarded(stage, anna, CLOAK, 30)
    await awarded(stage, anna, CLOAK, 99, undone_at=stage.clock.now())
    await awarded(stage, anna, CLOAK, 0, how="roll")
    await awarded(stage, anna, CLOAK, 0, how="bid in game")
    await awarded(stage, anna, CLOAK, -30, how="bid in game")
    await write(
        stage,
        text(
            "INSERT INTO pool (guild_id, pool_id, name, name_key, created_at)"
            " OVERRIDING SYSTEM VALUE VALUES (1, 900, 'Alt', 'alt', now())"
        ),
    )
    await awarded(stage, anna, CLOAK, 5, pool_id=900)
    assert await line(stage) == "Went for 30 the one time it was sold"
    found = await stage.run(ANNA, lambda session: prices_of(session, CLOAK))
    assert [(pool.pool, pool.prices.count, pool.prices.last) for pool in found.pools] == [("Alt", 1, 5), ("DKP", 1, 30)]
    assert found.free == 2


async def test_an_items_line_knows_the_last_by_when_it_was_not_by_when_it_was_written(stage: Stage, anna: int) -> None:
    await awarded(stage, anna, CLOAK, 70, days_ago=1)
    await awarded(stage, anna, CLOAK, 20, days_ago=900)  # an import, after the guild began here
    assert await line(stage) == "Went for 20 to 70 lately, median 45 (2 sold), last 70"


async def test_an_items_line_tells_of_the_last_50_only(stage: Stage, anna: int) -> None:
    for number in range(53):
        await awarded(stage, anna, CLOAK, 1 + number, days_ago=53 - number)
    assert await line(stage) == "Went for 4 to 53 lately, median 28.5 (50 sold), last 53"


async def test_every_item_is_offered_newest_first_as_last_spelt(stage: Stage, anna: int) -> None:
    for item in ("cloak of flames", "Ring", CLOAK):
        await awarded(stage, anna, item, 1)
    assert await offered(stage, "") == [(CLOAK, CLOAK), ("Ring", "Ring")]
    assert await offered(stage, "FLAMES") == [(CLOAK, CLOAK)]
    assert await offered(stage, "claok of flame") == [(CLOAK, CLOAK)]


async def test_to_put_an_item_up_what_was_auctioned_and_nobody_got_is_offered_too(stage: Stage, anna: int) -> None:
    await awarded(stage, anna, CLOAK, 1)
    for item in (CLOAK.upper(), "Orb"):
        await up(stage, item)
    assert await offered(stage, "", looking.item_choices) == [(CLOAK, CLOAK), ("Orb", "Orb")]
    assert await offered(stage, "orb") == []
    await write(stage, delete(Award))
    assert [name for name, _ in await offered(stage, "", looking.item_choices)] == ["Orb", CLOAK.upper()]


async def test_an_imported_item_is_known_however_long_its_name(stage: Stage, anna: int) -> None:
    imported = insert(DataImport).values(
        guild_id=1, format="eqdkp", file_name="x", sha256="x", summary={}, imported_at=stage.clock.now()
    )

    async def bring(session) -> int:
        return (await session.execute(imported.returning(DataImport.data_import_id))).scalar_one()

    brought = await stage.run(ITSELF, bring)
    long = "Tome of " + "very " * 30 + "old Lore"
    await awarded(stage, anna, long, 12, data_import_id=brought)
    [(name, value)] = await offered(stage, "tome")
    assert len(name) <= 100
    assert len(value) == 100
    found = await stage.run(ANNA, lambda session: prices_of(session, value))
    assert (found.item_name, found.pools[0].prices.last) == (long, 12)
    with pytest.raises(NotFound):
        await stage.run(ANNA, lambda session: prices_of(session, "tome of"))


async def test_thousands_of_items_are_offered_within_discords_limit(stage: Stage, anna: int) -> None:
    await awarded(stage, anna, "Ring 0", 1)
    more = """
        INSERT INTO award (guild_id, pool_id, member_id, item_name, item_key, member_name, how, cost, awarded_at)
        SELECT guild_id, pool_id, member_id, 'Ring ' || n, 'ring ' || n, member_name, how, cost, awarded_at
        FROM award, generate_series(1, 5000) n"""
    await write(stage, text(more))
    assert len(await offered(stage, "ring")) == 25
    assert (await offered(stage, "ring 4711"))[0] == ("Ring 4711", "Ring 4711")


async def test_the_guild_next_door_is_offered_nothing_of_it(stage: Stage, anna: int) -> None:
    await awarded(stage, anna, CLOAK, 1)
    await up(stage, "Orb")
    await write(stage, update(Auction).values(status="cancelled"))
    next_door = person(1, "Anna", guild_id=2, manage_guild=True)
    assert await stage.run(next_door, lambda session: loot.items(session, "")) == []
    assert await stage.run(next_door, lambda session: looking.item_choices(session, "")) == []
