"""Pools made, changed, archived and brought back."""

from decimal import Decimal

import pytest
from sqlalchemy import func, select

from bot.refusals import NotAllowed, NotFound, Refused
from bot.stage import Actor, Stage
from cogs.auctions.service import start as start_auction
from cogs.dkp.rules.pools import ArchivedPool, BadPool, FinerAmounts, Given, NothingToChange, PoolInUse, PoolNameTaken
from cogs.dkp.service import pooling, pools
from cogs.loot.service import award_item
from cogs.raids.service import claims, evening, ticks
from db.tables import Audit, DecaySchedule, LedgerEntry, Member, Pool, Raid
from tests.services.test_dkp.words import ANNA, BOB, balance, give, lines_of
from tests.services.test_raids.scene import read, write

D = Decimal


async def make(stage: Stage, name: str, **more) -> pooling.PoolDone:
    return await pooling.create_pool(stage, ANNA, Given(name=name, **more))


async def edit(stage: Stage, pool: str, **more) -> pooling.PoolDone:
    return await pooling.edit_pool(stage, ANNA, pool, Given(**more))


async def listed(stage: Stage) -> list[str]:
    return await stage.read(BOB, "dkp.view", pooling.list_pools)


async def pool_named(stage: Stage, name: str) -> Pool:
    return (await read(stage, select(Pool).where(Pool.name == name)))[0]


async def offered(stage: Stage) -> list[str]:
    async def look(session):
        return [choice.label for choice in await pools.open_choices(session, "")]

    return await stage.read(ANNA, None, look)


async def begin(stage: Stage, **more) -> evening.RaidStarted:
    return await evening.start_raid(stage, ANNA, **({"event": "Plane of Fear", "channel_id": 1} | more))


async def test_a_pool_is_made_and_listed_in_plain_words(guild: Stage):
    made = await make(guild, "Alts", start=20, floor=-50, cap=300, decimals=1, transfers=True)
    assert "Alts is there" in made.in_words()
    assert "nobody who is a member already gets them" in made.in_words()
    main, alts = await listed(guild)
    assert main.startswith("**DKP** (the default): whole points; a tick gives 10; no start points; bids down to 0")
    assert alts.startswith("**Alts**: one decimal;")
    for words in ("start with 20", "down to -50 (debt is allowed)", "above 300", "may give each other"):
        assert words in alts
    with pytest.raises(PoolNameTaken, match="There is a pool Alts already"):
        await make(guild, " aLTs ")
    assert await read(guild, select(Audit.action).where(Audit.action.like("pools.%"))) == ["pools.created"]


async def test_only_officers_change_pools_and_everybody_may_look(guild: Stage):
    with pytest.raises(NotAllowed, match="Only officers may change pools"):
        await pooling.create_pool(guild, BOB, Given(name="Mine"))
    with pytest.raises(NotAllowed):
        await pooling.edit_pool(guild, BOB, "DKP", Given(cap=1))
    with pytest.raises(NotAllowed):
        await pooling.archive_pool(guild, BOB, "DKP")
    assert len(await listed(guild)) == 1


async def test_an_edit_changes_what_is_given_and_its_audit_has_both(guild: Stage):
    done = await edit(guild, "dkp", name="Points", cap=100, transfers=True)
    assert "nobody earns above 100" in done.line
    [row] = await read(guild, select(Audit).where(Audit.action == "pools.edited"))
    assert (row.before["name"], row.after["name"]) == ("DKP", "Points")
    assert (row.before["cap"], row.after["cap"]) == (None, "100")
    with pytest.raises(NothingToChange):
        await edit(guild, "Points")
    with pytest.raises(BadPool, match="not above the floor"):
        await edit(guild, "Points", floor=200)
    await make(guild, "Alts")
    with pytest.raises(PoolNameTaken):
        await edit(guild, "Alts", name="points")


async def test_the_default_is_moved_and_never_given_up(guild: Stage):
    with pytest.raises(PoolInUse, match="make another pool the default"):
        await edit(guild, "DKP", default=False)
    await make(guild, "Alts", default=True)
    assert "You have **0** Alts." in await balance(guild, BOB)
    await edit(guild, "DKP", default=True)
    assert "You have **0** DKP." in await balance(guild, BOB)
    assert await read(guild, select(func.count()).select_from(Pool).where(Pool.is_default)) == [1]
    moved = await read(guild, select(Audit).where(Audit.action == "pools.default_moved").order_by(Audit.audit_id))
    assert [row.after["name"] for row in moved] == ["Alts", "DKP"]


async def test_a_lowered_cap_takes_nothing_and_says_whom_it_concerns(guild: Stage):
    await give(guild, "Bob", 500)
    done = await edit(guild, "DKP", cap=100)
    assert "1 person is above the cap" in done.in_words()
    assert "**500**" in await balance(guild, ANNA, "Bob")


# --- decimals -------------------------------------------------------------------------------------------------------


async def test_fewer_decimals_are_refused_while_an_entry_is_finer_even_if_it_was_undone(guild: Stage):
    await edit(guild, "DKP", decimals=2)
    await give(guild, "Bob", 2.5)
    with pytest.raises(FinerAmounts, match=r"entries such as 2\.5"):
        await edit(guild, "DKP", decimals=0)
    await give(guild, "Bob", -2.5)
    with pytest.raises(FinerAmounts):
        await edit(guild, "DKP", decimals=0)
    assert "one decimal" in (await edit(guild, "DKP", decimals=1)).line
    assert "two decimals" in (await edit(guild, "DKP", decimals=2)).line


async def test_fewer_decimals_wait_for_the_end_of_what_runs_and_for_finer_ticks(guild: Stage):
    await edit(guild, "DKP", decimals=1)
    raid = await begin(guild, tick_points=2.5)
    with pytest.raises(PoolInUse, match="Plane of Fear runs in DKP"):
        await edit(guild, "DKP", decimals=0)
    await evening.end_raid(guild, ANNA, raid.raid_id, without_tick=True)
    with pytest.raises(FinerAmounts, match="Ticks of Plane of Fear"):
        await edit(guild, "DKP", decimals=0)


async def test_an_own_tick_value_that_is_finer_keeps_the_decimals(guild: Stage):
    await edit(guild, "DKP", decimals=1)
    await write(guild, Pool.__table__.update().values(tick_points=D("2.5")))
    with pytest.raises(FinerAmounts, match=r"A tick in DKP gives 2\.5"):
        await edit(guild, "DKP", decimals=0)


# --- the archive ----------------------------------------------------------------------------------------------------


@pytest.fixture
async def old(guild: Stage) -> Stage:
    """Bob has 40 in a second pool, Old."""
    await make(guild, "Old")
    await give(guild, "Bob", 40, pool="Old")
    return guild


async def test_an_archived_pool_keeps_its_history_readable_and_marked(old: Stage):
    done = await pooling.archive_pool(old, ANNA, "Old")
    assert "Old is archived" in done.in_words()
    assert "**Old** (archived)" in (await listed(old))[-1]
    assert "You have **40** Old (archived)." in await balance(old, BOB, pool="old")
    assert "You have **40** Old (archived)." in await balance(old, BOB, pool="Old (archived)")
    assert await offered(old) == ["DKP"]

    async def shown(session):
        return [choice.label for choice in await pools.choices(session, "")]

    assert await old.read(BOB, "dkp.view", shown) == ["DKP", "Old (archived)"]
    assert await lines_of(old, BOB) == []


async def test_an_archived_pool_refuses_everything_new(old: Stage):
    await pooling.archive_pool(old, ANNA, "Old")
    pool = await pool_named(old, "Old")
    with pytest.raises(ArchivedPool, match="Old is archived: it can be looked at"):
        await give(old, "Bob", 1, pool="Old")
    with pytest.raises(ArchivedPool):
        await begin(old, pool="Old")
    with pytest.raises(ArchivedPool):
        await start_auction(old, ANNA, "Cloak", channel_id=1, pool=f"#{pool.pool_id}")
    with pytest.raises(ArchivedPool, match="brings it back"):
        await edit(old, "Old", cap=5)
    with pytest.raises(ArchivedPool, match="archived already"):
        await pooling.archive_pool(old, ANNA, "Old")


async def test_what_is_in_use_is_not_archived(old: Stage):
    with pytest.raises(PoolInUse, match="DKP is the default"):
        await pooling.archive_pool(old, ANNA, "DKP")
    raid = await begin(old, pool="Old")
    with pytest.raises(PoolInUse, match="Plane of Fear runs in Old"):
        await pooling.archive_pool(old, ANNA, "Old")
    await evening.end_raid(old, ANNA, raid.raid_id, without_tick=True)
    await start_auction(old, ANNA, "Cloak", channel_id=1, pool="Old")
    with pytest.raises(PoolInUse, match="Cloak is up for bids in Old"):
        await old.read(ANNA, "pools.manage", lambda session: pooling.preview_archive(session, "Old"))


async def test_an_event_whose_pool_was_archived_falls_back_to_the_default(old: Stage):
    raid = await begin(old, pool="Old")
    await ticks.take_tick(old, ANNA, raid.raid_id)
    await evening.end_raid(old, ANNA, raid.raid_id)
    await pooling.archive_pool(old, ANNA, "Old")
    assert (await begin(old)).pool_name == "DKP"
    with pytest.raises(ArchivedPool):
        await evening.reopen_raid(old, ANNA, raid.raid_id)


async def test_creating_its_name_brings_an_archived_pool_back_and_says_so(old: Stage):
    before = await pool_named(old, "Old")
    await pooling.archive_pool(old, ANNA, "Old")
    back = await make(old, "OLD", cap=100)
    assert "was archived and is back, with everybody's points" in back.in_words()
    assert "nobody earns above 100" in back.line
    after = await pool_named(old, "Old")
    assert (after.pool_id, after.archived_at) == (before.pool_id, None)
    assert "You have **40** Old." in await balance(old, BOB, pool="Old")
    assert await offered(old) == ["DKP", "Old"]


async def test_archiving_stops_the_scheduled_decay(old: Stage, clock):
    pool = await pool_named(old, "Old")
    at = clock.now()
    await write(
        old,
        DecaySchedule.__table__.insert().values(
            guild_id=1, pool_id=pool.pool_id, percent=10, earned_only=False, every="week", first_at=at, next_at=at,
            set_at=at,
        ),
    )  # fmt: skip
    assert "scheduled decay is stopped" in (await pooling.archive_pool(old, ANNA, "Old")).in_words()
    assert await read(old, select(DecaySchedule)) == []


async def test_a_pool_of_another_guild_is_not_found(guild: Stage):
    await make(guild, "Alts")
    stranger = Actor(2, 5, "Stranger", manage_guild=True)
    with pytest.raises(NotFound):
        await pooling.archive_pool(guild, stranger, "Alts")
    with pytest.raises(Refused):
        await pooling.edit_pool(guild, stranger, "Alts", Given(cap=1))
    assert await read(guild, select(func.count()).select_from(Raid)) == [0]


async def test_a_raid_that_is_over_pays_no_more_once_its_pool_is_archived(guild: Stage, clock):
    await make(guild, "Alts")
    raid = await begin(guild, pool="Alts")
    taken = await ticks.take_tick(guild, ANNA, raid.raid_id)
    claim = await claims.make_claim(guild, BOB, "zoning at the dump", channel_id=1)
    clock.move(minutes=5)
    await evening.end_raid(guild, ANNA, raid.raid_id)
    await pooling.archive_pool(guild, ANNA, "Alts")
    bob = (await read(guild, select(Member.member_id).where(Member.discord_user_id == BOB.user_id)))[0]
    with pytest.raises(ArchivedPool):
        await claims.accept_claim(guild, ANNA, claim.raid_claim_id)
    with pytest.raises(ArchivedPool):
        await ticks.credit_people(guild, ANNA, raid.raid_id, (taken.tick_id,), (bob,))
    with pytest.raises(ArchivedPool):
        await award_item(guild, ANNA, "Cloak", BOB.name, channel_id=1, how="given", raid=f"#{raid.raid_id}")
    assert await read(guild, select(LedgerEntry)) == []
