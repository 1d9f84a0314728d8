"""`/me forget` against everything that is done to the same person at that moment: no deadlock, and all adds up."""

from bot.stage import Actor, Stage
from cogs.auctions.service import personal as of_auctions
from cogs.dkp.rules.pools import Given
from cogs.dkp.service import batches, transfers, undoing
from cogs.dkp.service import personal as of_points
from cogs.dkp.service.pooling import edit_pool
from cogs.loot import service as loot
from cogs.loot.service import keeping
from cogs.members.service.personal import forget_me
from cogs.raids.service import claims, evening
from cogs.raids.service import personal as of_raids
from cogs.raids.service.undo_raid import RaidUndo
from tests.conftest import MovableClock, person
from tests.races.house import House
from tests.races.scene import CHANNEL, LEAD, VERA, Work, acting, begin_raid, calm, give, tick

ROUNDS = 6


def register(*stages: Stage) -> None:
    for stage in stages:
        stage.registry.forget += [
            of_points.forget,
            transfers.forget,
            of_raids.forget,
            of_auctions.forget,
            keeping.forget,
        ]
        stage.registry.undo |= undoing.undoable_acts() | {"award": loot.AwardUndo(), "raid": RaidUndo(loot=False)}


def forget(stage: Stage, who: Actor) -> Work:
    presser = acting(who)
    return lambda: forget_me(stage, presser)


def undo(stage: Stage, what: str) -> Work:
    presser = acting(VERA)
    return lambda: undoing.undo(stage, presser, what, "it was wrong")


async def test_a_claim_is_accepted_and_a_tick_taken_while_they_are_forgotten(
    crowd: Stage, other_process: Stage, house: House, clock: MovableClock
):
    register(crowd, other_process)
    for number in range(ROUNDS):
        anna = person(5000 + number, f"Anna {number}")
        await give(crowd, [anna], 50)
        raid_id = await begin_raid(crowd)
        await tick(crowd, raid_id)()
        clock.move(minutes=5)
        made = await claims.make_claim(crowd, acting(anna), "zoning at the dump", channel_id=CHANNEL)
        accepting = acting(LEAD)
        works: list[Work] = [
            forget(other_process, anna),
            lambda by=accepting, claim=made.raid_claim_id: claims.accept_claim(crowd, by, claim),
            tick(crowd, raid_id),
        ]
        await calm(house, works)
        await evening.end_raid(crowd, acting(LEAD), raid_id)


async def test_what_they_did_or_were_given_is_undone_while_they_are_forgotten(
    crowd: Stage, other_process: Stage, house: House
):
    register(crowd, other_process)
    await edit_pool(crowd, LEAD, "DKP", Given(transfers=True))
    for number in range(ROUNDS):
        olga = person(6000 + number, f"Olga {number}", manage_guild=True)
        ids = await give(crowd, [olga, LEAD, VERA], 50)
        posted = await batches.adjust_many(crowd, acting(olga), tuple(ids.values()), 5, "well played")
        given = await transfers.transfer(crowd, acting(olga), LEAD.name, 10)
        awarded = await loot.award_item(
            crowd, acting(LEAD), f"Cloak {number}", olga.name, how="bid in game", cost=5, channel_id=CHANNEL, sure=True
        )
        works = [
            forget(other_process, olga),
            undo(crowd, f"batch:{posted.batch_id}"),
            undo(crowd, f"transfer:{given.transfer_id}"),
            undo(crowd, f"award:{awarded.award_id}"),
        ]
        await calm(house, works)
