"""Loot in a log: what is recorded already, what one press records, and what is left to the leader."""

from datetime import datetime, timedelta
from decimal import Decimal

import pytest
from sqlalchemy import select, update

from bot.people import get_member
from bot.refusals import NotAllowed
from bot.stage import Actor, Stage
from cogs.dkp.service import ledger
from cogs.loot import service as loot
from cogs.raids.dumps import Reading, read_file
from cogs.raids.rules import NothingToRecord, RaidWasCancelled
from cogs.raids.service import evening, imports, ticks
from db.tables import Audit, Award, LedgerEntry, Outbox, Pool
from tests.rules.test_dumps.evening import stamped
from tests.services.test_raids.scene import ANNA, BERT, LEAD, adds_up, balance, begin, known, read, write

AT = datetime.fromisoformat("2026-03-06 19:30:00")
LOG = "eqlog_Anna_xegony.txt"


def said(item: str, name: str, cost: str | int, *, at: datetime = AT, by: str = "Zed tells the raid, ") -> str:
    return stamped(at, f"{by} ':::{item}::: {name} {cost} DKPSPENT'")


def given(item: str, name: str, how: str = "the Master Looter") -> str:
    return stamped(AT, f"{item} has been awarded to {name} by {how}.")


def log(*parts: str) -> Reading:
    return read_file(LOG, "".join(parts).encode())


async def preview(stage: Stage, raid: int, reading: Reading) -> imports.LootPlan:
    return await stage.read(LEAD, "raids.manage", lambda session: imports.preview_loot(session, raid, reading.loot))


async def record(stage: Stage, raid: int, reading: Reading, actor: Actor = LEAD) -> imports.LootRecorded:
    return await imports.record_loot(stage, actor, raid, LOG, reading.loot)


async def award(stage: Stage, raid: int | None, who: Actor, item: str, cost: int, how: str = "bid in game") -> None:
    member_id = await known(stage, who)

    async def work(session):
        pool = await ledger.default_pool(session)
        accounts = await ledger.lock_accounts(session, [(pool.pool_id, member_id)])
        new = loot.NewAward(item, pool.pool_id, Decimal(cost), how, raid_id=raid)
        await loot.record_award(session, new, await get_member(session, member_id), accounts)

    await stage.run(LEAD, work)


@pytest.fixture
async def night(stage, clock, raid) -> int:
    for who in (ANNA, BERT):
        await known(stage, who)
    clock.move(minutes=60)
    return raid


async def test_spent_lines_become_awards_with_their_cost_and_line(stage, night):
    reading = log(
        said("Crystalline Spear", "Anna", 15), given("Eye of Eashen", "Bert"), given("Cloak", "Anna", "random roll")
    )
    shown = await preview(stage, night, reading)
    assert [(a.item_name, a.how, a.cost) for a in shown.to_record] == [
        ("Crystalline Spear", "bid in game", 15),
        ("Eye of Eashen", "given", 0),
        ("Cloak", "roll", 0),
    ]
    assert shown.total == 15
    assert shown.follows == ("Anna: 0 → -15, below the floor of 0",)
    done = await record(stage, night, reading)
    assert (len(done.award_ids), done.total) == (3, 15)
    assert [await balance(stage, who) for who in (ANNA, BERT)] == [-15, 0]
    awards = await read(stage, select(Award).order_by(Award.award_id))
    assert awards[0].note == "[Fri Mar 06 19:30:00 2026] :::Crystalline Spear::: Anna 15 DKPSPENT"
    assert {a.raid_id for a in awards} == {night}
    (entry,) = await read(stage, select(LedgerEntry).where(LedgerEntry.kind == "loot"))
    assert (entry.source, entry.amount) == ("award", -15)
    (notice,) = await read(stage, select(Outbox))
    assert "Crystalline Spear → Anna · **15**" in notice.content
    actions = await read(stage, select(Audit.action).where(Audit.action.in_(("raids.loot_recorded", "loot.awarded"))))
    assert sorted(actions) == ["loot.awarded"] * 3 + ["raids.loot_recorded"]
    await adds_up(stage)


async def test_the_same_lines_again_record_nothing(stage, night):
    reading = log(said("Spear", "Anna", 15), said("Spear", "Anna", 15, by="You tell your raid,"), given("Eye", "Bert"))
    assert len((await record(stage, night, reading)).award_ids) == 2
    other = log(said("spear", "ANNA", 15, at=AT + timedelta(seconds=2)), given("Eye", "Bert"))
    shown = await preview(stage, night, other)
    assert (shown.to_record, shown.recorded) == ((), ("spear to ANNA for 15", "Eye to Bert"))
    for lines in (reading, other):
        with pytest.raises(NothingToRecord, match="recorded already"):
            await record(stage, night, lines)
    assert await balance(stage, ANNA) == -15


async def test_what_the_master_looter_hands_over_after_a_bid_is_one_award(stage, night):
    reading = log(said("Spear", "Anna", 15), given("Spear", "Anna"), stamped(AT, "--Anna has looted a Spear.--"))
    shown = await preview(stage, night, reading)
    assert [(a.item_name, a.cost) for a in shown.to_record] == [("Spear", 15)]
    assert shown.looted == 1


@pytest.mark.parametrize(("cost", "how"), [(15, "bid in game"), (40, "auction")])
async def test_an_award_of_the_evening_is_already_recorded(stage, night, cost, how):
    await award(stage, night, ANNA, "SPEAR", cost, how)
    shown = await preview(stage, night, log(said("Spear", "Anna", 15)))
    assert (shown.to_record, shown.recorded) == ((), ("Spear to Anna for 15",))


async def test_an_award_of_another_evening_is_another_award(stage, clock, night):
    await award(stage, night, ANNA, "Spear", 15)
    await ticks.take_tick(stage, LEAD, night)
    await evening.end_raid(stage, LEAD, night)
    clock.move(days=7)
    later = (await begin(stage)).raid_id
    clock.move(minutes=30)
    at = clock.now().replace(tzinfo=None)
    assert len((await preview(stage, later, log(said("Spear", "Anna", 15, at=at)))).to_record) == 1


async def test_what_contradicts_itself_or_an_award_is_left_to_the_leader(stage, night):
    await award(stage, night, BERT, "Robe", 20)
    reading = log(
        said("Spear", "Anna", 15),
        said("Spear", "Anna", 20),
        said("Robe", "Bert", 15),
        said("Crown", "Nobody", 5),
        said("Ring", "Anna", "5.5"),
        stamped(AT, "Zed tells the raid,  ':::Old Boots::: ROT'"),
    )
    shown = await preview(stage, night, reading)
    assert shown.to_record == ()
    assert len(shown.left) == 4
    told = "\n".join(shown.left)
    for words in ("2 prices (15, 20)", "recorded before for 20", "nobody called Nobody", "too fine"):
        assert words in told
    assert shown.rotted == ("Old Boots",)
    with pytest.raises(NothingToRecord):
        await record(stage, night, reading)


async def test_the_pools_decimals_bind(stage, night):
    await write(stage, update(Pool).where(Pool.guild_id == 1).values(decimals=1))
    assert (await record(stage, night, log(said("Ring", "Anna", "5.5")))).total == Decimal("5.5")
    assert await balance(stage, ANNA) == Decimal("-5.5")


async def test_loot_of_other_hours_is_left_out(stage, night):
    reading = log(said("Spear", "Anna", 15, at=AT - timedelta(hours=2)), said("Robe", "Anna", 5))
    shown = await preview(stage, night, reading)
    assert ([a.item_name for a in shown.to_record], shown.outside) == (["Robe"], 1)


async def test_recording_awards_takes_its_own_right_and_a_raid_that_stands(stage, night):
    with pytest.raises(NotAllowed):
        await record(stage, night, log(said("Spear", "Anna", 15)), ANNA)
    await evening.cancel_raid(stage, LEAD, night, "server crash")
    with pytest.raises(RaidWasCancelled):
        await record(stage, night, log(said("Spear", "Anna", 15)))


async def test_what_a_leader_records_for_themselves_is_told(stage, night):
    await record(stage, night, log(said("Spear", "Lead", 15)))
    told = [notice.content for notice in await read(stage, select(Outbox))]
    assert any("recorded Spear for themselves" in text for text in told)
