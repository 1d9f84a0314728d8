"""Awards recorded by leaders: what was bid in the game, rolled for or given; what is asked first; undone; prices."""

from dataclasses import replace
from decimal import Decimal

import pytest
from sqlalchemy import select, update

from bot.personal import SOMEBODY
from bot.refusals import NotAllowed, NotFound, Refused
from bot.stage import Actor, Stage
from bot.typed import BadAmount, TooManyDecimals
from cogs.dkp.service.pools import get_pool
from cogs.loot import service as loot
from cogs.loot.rules import AwardUndone, BadCost, Doubtful, WhichRaid
from cogs.loot.service import keeping
from cogs.members.service.characters import add_character
from cogs.raids.service import evening
from db.tables import Award, Guild, LedgerEntry, Member, Outbox, Pool
from tests.services.test_auctions.house import (
    ANNA,
    BORIS,
    CHANNEL,
    LEAD,
    adds_up,
    bid,
    give,
    member,
    money,
    rows,
    up,
    write,
)

D = Decimal


async def award(stage: Stage, item: str = "Cloak of Flames", to: str = "Anna", by: Actor = LEAD, **more):
    return await loot.award_item(stage, by, item, to, channel_id=CHANNEL, **more)


async def begin(stage: Stage, event: str = "Kael", channel_id: int = CHANNEL) -> int:
    return (await evening.start_raid(stage, LEAD, event=event, channel_id=channel_id)).raid_id


@pytest.fixture(autouse=True)
async def points(stage):
    await give(stage, ANNA, 100)
    await give(stage, BORIS, 100)


async def test_what_was_bid_in_the_game_is_taken_recorded_and_announced_once(stage):
    await add_character(stage, ANNA, "Annabell", "Wizard", 60)
    raid_id = await begin(stage)
    await write(stage, update(Guild).values(loot_channel_id=99))
    done = await award(stage, cost=45.0, note="for the *tank*")
    assert (done.how, done.cost, done.raid_name, done.balance) == ("bid in game", 45, "Kael", 55)
    assert await money(stage, ANNA) == (55, 0)
    [row] = await rows(stage, select(Award))
    assert (row.raid_id, row.character_name, row.note, row.awarded_by_user_id) == (
        raid_id,
        "Annabell",
        "for the *tank*",
        100,
    )
    [message] = await rows(stage, select(Outbox))
    assert (message.channel_id, message.mention_user_ids) == (99, [1])
    assert message.content == (
        "**Cloak of Flames** goes to <@1> (Annabell) for **45**.\n> for the \\*tank\\*\n"
        "```\nCloak of Flames goes to Annabell for 45. Grats!\n```"
    )
    await adds_up(stage)
    assert await stage.run(LEAD, keeping.doctor) == []


async def test_a_roll_and_a_gift_cost_nothing_and_say_so(stage):
    assert (await award(stage, how="roll")).in_words() == "**Cloak of Flames** goes to Anna (roll)."
    await award(stage, item="Ring")
    assert await money(stage, ANNA) == (100, 0)
    said = [message.content.split("\n")[0] for message in await rows(stage, select(Outbox).order_by(Outbox.outbox_id))]
    assert said == ["**Cloak of Flames** goes to <@1> by a roll.", "**Ring** goes to <@1>."]
    assert [(r.how, r.cost, r.entry_id) for r in await rows(stage, select(Award).order_by(Award.award_id))] == [
        ("roll", 0, None),
        ("given", 0, None),
    ]


async def test_a_cost_has_the_places_of_the_pool_and_is_an_amount(stage):
    for cost, refusal in ((45.5, TooManyDecimals), (float("nan"), BadAmount), (-0.0, BadAmount), (-5.0, BadCost)):
        with pytest.raises(refusal):
            await award(stage, cost=cost)
    await write(stage, update(Pool).values(decimals=1))
    assert (await award(stage, cost=45.5)).balance == D("54.5")


async def test_the_pool_is_the_raids_else_the_default_one(stage):
    raid_id = await begin(stage)

    async def another(session):
        pool = Pool(guild_id=1, name="Epic", name_key="epic", created_at=session.now)
        session.add(pool)
        await session.flush()
        raid = await session.get(evening.Raid, (1, raid_id))
        raid.pool_id = pool.pool_id
        return (await get_pool(session, None)).pool_id, pool.pool_id

    default, epic = await stage.run(LEAD, another)
    await award(stage, cost=5, sure=True)
    await evening.end_raid(stage, LEAD, raid_id, without_tick=True)
    await award(stage, item="Ring", cost=5)
    assert [r.pool_id for r in await rows(stage, select(Award).order_by(Award.award_id))] == [epic, default]


async def test_the_raid_is_the_one_running_of_several_this_channels_or_the_one_named(stage):
    here = await begin(stage)
    there = await begin(stage, "Vox", 78)
    elsewhere = await begin(stage, "Naggy", 79)
    await award(stage)
    with pytest.raises(WhichRaid, match="3 raids are running"):
        await loot.award_item(stage, LEAD, "Ring", "Anna", channel_id=1)
    await award(stage, item="Ring", raid="vox")
    await award(stage, item="Belt", raid=f"#{elsewhere}")
    assert [r.raid_id for r in await rows(stage, select(Award).order_by(Award.award_id))] == [here, there, elsewhere]
    await evening.cancel_raid(stage, LEAD, here, "wrong evening")
    with pytest.raises(WhichRaid, match="was cancelled"):
        await award(stage, item="Helm", raid=f"#{here}")
    with pytest.raises(NotFound, match="Did you mean Naggy"):
        await award(stage, item="Helm", raid="Nagy")


async def test_the_same_item_in_the_same_raid_within_10_minutes_is_asked(stage, clock):
    await begin(stage)
    await award(stage, cost=45)
    with pytest.raises(Doubtful, match="Already recorded: \\*\\*Cloak of Flames\\*\\* to Anna for 45") as asked:
        await award(stage, item="CLOAK  of flames", to="Boris", cost=45)
    assert asked.value.data["label"] == "Second copy"
    assert await money(stage, BORIS) == (100, 0)
    await award(stage, to="Boris", cost=45, sure=True)
    clock.move(minutes=11)
    await award(stage, to="Boris", cost=5)
    assert await money(stage, BORIS) == (50, 0)


async def test_what_was_undone_or_dropped_elsewhere_is_no_copy(stage):
    first = await award(stage, cost=45)
    await loot.undo_award(stage, LEAD, str(first.award_id), "wrong person")
    await award(stage, cost=45)
    await begin(stage)
    await award(stage, to="Boris", cost=45)
    with pytest.raises(Doubtful):
        await award(stage, to="Boris", cost=45)


async def test_below_the_floor_and_beside_open_bids_is_asked_with_numbers(stage):
    with pytest.raises(Doubtful, match="Anna: 100 → -20, below the floor of 0") as asked:
        await award(stage, cost=120)
    assert asked.value.data["label"] == "Award it all the same"
    auction_id = await up(stage, item="Ring")
    await bid(stage, ANNA, auction_id, 90)
    with pytest.raises(Doubtful, match="Anna: 100 → 99; the open bid on Ring stands") as asked:
        await award(stage, cost=1)
    assert "90" not in asked.value.sentence
    await award(stage, cost=120, sure=True)
    assert await money(stage, ANNA) == (-20, 90)
    await adds_up(stage)


async def test_who_has_no_such_character_is_asked_for_another(stage):
    await add_character(stage, BORIS, "Borin")
    with pytest.raises(NotFound):
        await award(stage, character="Borin")
    await add_character(stage, ANNA, "Annabell")
    await add_character(stage, ANNA, "Alta")
    await award(stage, character="alta")
    assert [r.character_name for r in await rows(stage, select(Award))] == ["Alta"]


async def test_somebody_without_a_discord_account_may_be_awarded_too(stage):
    await write(stage, update(Member).where(Member.discord_user_id == 1).values(discord_user_id=None))
    await award(stage, cost=5)
    [message] = await rows(stage, select(Outbox))
    assert message.content.startswith("**Cloak of Flames** goes to **Anna** for **5**.")


async def test_a_leaders_award_to_themselves_is_told_in_the_audit_channel(stage):
    await give(stage, LEAD, 100)
    await write(stage, update(Guild).values(audit_channel_id=88, loot_channel_id=99))
    done = await award(stage, to="Lead", cost=45)
    await loot.undo_award(stage, LEAD, f"#{done.award_id}", "not mine after all")
    told = await rows(stage, select(Outbox.content).where(Outbox.channel_id == 88).order_by(Outbox.outbox_id))
    assert [line.split(".")[0] for line in told] == ["Lead awarded an item to themselves", "Lead undid their own award"]
    assert "Reason: not mine after all" in told[1]


async def test_members_neither_award_nor_undo(stage):
    done = await award(stage, cost=5)
    with pytest.raises(NotAllowed):
        await award(stage, item="Ring", by=ANNA)
    with pytest.raises(NotAllowed):
        await loot.undo_award(stage, ANNA, str(done.award_id), "because I want")


async def test_a_repeated_command_records_one_award(stage):
    once = replace(LEAD, interaction_id=7)
    first = await award(stage, cost=45, by=once)
    assert await award(stage, cost=45, by=once) == first
    assert len(await rows(stage, select(LedgerEntry).where(LedgerEntry.kind == "loot"))) == 1
    again = replace(LEAD, interaction_id=8)
    undone = await loot.undo_award(stage, again, str(first.award_id), "wrong person")
    assert await loot.undo_award(stage, again, str(first.award_id), "wrong person") == undone
    assert await money(stage, ANNA) == (100, 0)


async def test_undoing_shows_what_follows_and_refuses_what_was_undone(stage):
    done = await award(stage, cost=45)

    async def preview(typed: str):
        return await stage.run(LEAD, lambda session: loot.preview_award_undo(session, typed, "wrong person"))

    words, follows = await preview("cloak of flames to anna for 45")
    assert (words, follows[1]) == ("Cloak of Flames to Anna for 45", "Anna: 55 → 100")
    with pytest.raises(NotFound):
        await preview("something else")
    with pytest.raises(Refused, match="3 to 500"):
        await stage.run(LEAD, lambda session: loot.preview_award_undo(session, str(done.award_id), "x"))
    assert "45 went back" in await loot.undo_award(stage, LEAD, str(done.award_id), "wrong person")
    with pytest.raises(AwardUndone):
        await preview(str(done.award_id))


async def test_prices_are_what_was_paid_and_stands(stage, clock):
    for cost in (10, 40, 25, 31):
        await award(stage, cost=cost, sure=True)
        clock.move(minutes=20)
    await award(stage, how="roll", sure=True)
    await award(stage, item="Ring", cost=1, sure=True)
    gone = await award(stage, to="Boris", cost=99, sure=True)
    await loot.undo_award(stage, LEAD, str(gone.award_id), "wrong person")
    found = await stage.run(ANNA, lambda session: loot.prices_of(session, "cloak OF flames"))
    [prices] = found.pools
    assert (found.item_name, found.free, prices.pool) == ("Cloak of Flames", 1, "DKP")
    summed = prices.prices
    assert (summed.count, summed.median, summed.least, summed.most, summed.last) == (4, 28, 10, 40, 31)
    assert [cost for _, cost in prices.paid] == [10, 40, 25, 31]
    assert prices.in_words().startswith("Paid 4 times in DKP: median **28**, from 10 to 40, last 31 ")
    with pytest.raises(NotFound, match="Did you mean Cloak of Flames"):
        await stage.run(ANNA, lambda session: loot.prices_of(session, "cloak of flame"))


async def test_loot_is_exported_and_forgotten(stage):
    await award(stage, cost=45, note="for the tank")
    anna = (await member(stage, ANNA)).member_id
    [line] = await stage.run(ANNA, lambda session: keeping.export_awards(session, [anna]))
    assert (line["item"], line["cost"], line["how"], line["note"]) == (
        "Cloak of Flames",
        "45",
        "bid in game",
        "for the tank",
    )
    await stage.run(ANNA, lambda session: keeping.forget(session, [anna]))
    [row] = await rows(stage, select(Award))
    assert (row.member_name, row.character_name, row.note, row.cost) == (SOMEBODY, None, None, 45)


async def test_the_doctor_finds_awards_that_contradict_their_entries(stage):
    done = await award(stage, cost=45)
    other = await award(stage, item="Ring", cost=5)
    await write(stage, update(Award).where(Award.award_id == done.award_id).values(cost=44))
    await write(stage, update(Award).where(Award.award_id == other.award_id).values(undone_at=Award.awarded_at))
    assert await stage.run(LEAD, keeping.doctor) == [
        f"award {done.award_id} cost 44, its entry took 45",
        f"award {other.award_id} is undone, its entry is not",
    ]
