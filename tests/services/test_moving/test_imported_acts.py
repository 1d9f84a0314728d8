"""Raids, ticks and items that came with an import: looked at like any, changed by nothing but undoing the import."""

from collections.abc import Awaitable, Callable
from typing import Any

import asyncpg
import pytest

from bot.stage import Actor, Session, Stage
from cogs.loot.service import AwardUndo, prices_of
from cogs.loot.service import raid_choices as loot_raids
from cogs.raids.dumps import read_pasted
from cogs.raids.rules import RaidImported
from cogs.raids.rules.claims import ClaimTooLate
from cogs.raids.service import card, claims, evening, imports, lookups, roster, ticks
from cogs.raids.service.undo import TickUndo, undo_tick
from cogs.raids.service.undo import doctor as ticks_doctor
from cogs.raids.service.undo_raid import RaidUndo
from tests.conftest import person
from tests.services.test_dkp.words import meet
from tests.services.test_moving.files import OPENDKP, export, player
from tests.services.test_moving.house import OFFICER, given, sound, take_in, undo

BOB = person(11, "Bob")


@pytest.fixture
async def imported(guild: Stage, owner: asyncpg.Connection) -> int:
    """The number of the import. Its raids ended just now, as far as the rows say: the hardest case."""
    await meet(guild, BOB)
    done = await take_in(guild, given(OPENDKP, "opendkp.json"))
    await owner.execute("UPDATE raid SET ended_at = (SELECT max(imported_at) FROM data_import)")
    return done.data_import_id


async def raid_and_tick(owner: asyncpg.Connection) -> tuple[int, int]:
    raid, tick = await owner.fetchrow("SELECT min(raid_id), min(tick_id) FROM raid JOIN tick USING (raid_id)") or (0, 0)
    return raid, tick


ACTS: dict[str, Callable[[Stage, int, int, int], Awaitable[Any]]] = {
    "reopen": lambda stage, raid, tick, me: evening.reopen_raid(stage, OFFICER, raid),
    "end": lambda stage, raid, tick, me: evening.end_raid(stage, OFFICER, raid),
    "cancel": lambda stage, raid, tick, me: evening.cancel_raid(stage, OFFICER, raid, "not ours"),
    "bring down": lambda stage, raid, tick, me: evening.bring_down(stage, OFFICER, raid),
    "tick": lambda stage, raid, tick, me: ticks.take_tick(stage, OFFICER, raid),
    "credit": lambda stage, raid, tick, me: ticks.credit_people(stage, OFFICER, raid, (tick,), (me,)),
    "undo tick": lambda stage, raid, tick, me: undo_tick(stage, OFFICER, tick, "wrong"),
    "add": lambda stage, raid, tick, me: roster.add_people(stage, OFFICER, raid, (me,)),
    "check in": lambda stage, raid, tick, me: roster.check_in(stage, BOB, raid),
    "claim": lambda stage, raid, tick, me: claims.make_claim(stage, BOB, "zoning", f"#{raid}", channel_id=5),
    "claim a tick": lambda stage, raid, tick, me: claims.make_claim(
        stage, BOB, "zoning", None, f"#{tick}", channel_id=5
    ),
    "file": lambda stage, raid, tick, me: imports.import_dump(
        stage, OFFICER, raid, "pasted", read_pasted("Bob, Anna").moments[0]
    ),
    "undo raid": lambda stage, raid, tick, me: stage.run(
        OFFICER, lambda session: RaidUndo(loot=True).undo(session, raid, "not ours")
    ),
    "preview of cancel": lambda stage, raid, tick, me: stage.run(
        OFFICER, lambda session: evening.preview_cancel(session, raid)
    ),
    "preview of undo": lambda stage, raid, tick, me: stage.run(
        OFFICER, lambda session: TickUndo().preview(session, tick)
    ),
}


@pytest.mark.parametrize("act", ACTS)
async def test_nothing_but_undoing_the_import_changes_its_raids(
    guild: Stage, owner: asyncpg.Connection, imported: int, act: str
):
    raid, tick = await raid_and_tick(owner)
    me = await owner.fetchval("SELECT member_id FROM member WHERE discord_user_id = 11") or 0
    with pytest.raises(RaidImported, match=rf"undo the import with /dkp undo \(type import:{imported}\)"):
        await ACTS[act](guild, raid, tick, me)
    assert await owner.fetchval("SELECT count(*) FROM board") == 0
    assert await owner.fetchval("SELECT count(*) FROM outbox WHERE channel_id = 0") == 0
    assert {row[0] for row in await owner.fetch("SELECT status FROM raid")} == {"ended"}
    await sound(guild)


async def test_its_raids_are_no_evening_to_claim_by_itself(guild: Stage, imported: int):
    with pytest.raises(ClaimTooLate, match="No raid is running and none ended"):
        await claims.make_claim(guild, BOB, "zoning", channel_id=5)


async def test_its_raids_are_shown_and_listed(guild: Stage, owner: asyncpg.Connection, imported: int):
    raid, _ = await raid_and_tick(owner)
    shown = await guild.run(OFFICER, lambda session: card.load_card(session, raid))
    assert (shown.name, len(shown.ticks), len(shown.places)) == ("Plane of Fear", 2, 2)
    listed = await guild.run(OFFICER, lambda session: card.list_raids(session, 90))
    assert [(line.name, line.ticks) for line in listed] == [("Plane of Hate", 1), ("Plane of Fear", 2)]
    assert len(await guild.run(OFFICER, lookups.raid_choices)) == 2


async def test_pickers_leave_out_what_goes_with_the_import(guild: Stage, owner: asyncpg.Connection, imported: int):
    started = await evening.start_raid(guild, OFFICER, event="Sky", channel_id=5)
    await roster.check_in(guild, BOB, started.raid_id)
    await ticks.take_tick(guild, OFFICER, started.raid_id)

    async def offered(session: Session) -> list[list[str]]:
        return [
            [choice.label.split(" · ")[0] for choice in await lookups.own_raid_choices(session)],
            [choice.label.split(" · ")[1] for choice in await lookups.tick_choices(session)],
            [choice.label.split(" · ")[1] for choice in await TickUndo().recent(session, "")],
            [choice.label.split(" · ")[0] for choice in await RaidUndo(loot=False).recent(session, "")],
            [choice.label.split(" · ")[0] for choice in await loot_raids(session, "")],
            [choice.label for choice in await AwardUndo().recent(session, "")],
        ]

    assert await guild.run(OFFICER, offered) == [["Sky"]] * 5 + [[]]


async def test_a_refund_is_no_price(guild: Stage):
    await take_in(guild, given(export(player(1, "Zed", earned=9, items=[("Cloak", 4), ("Cloak", -4), ("Cloak", 6)]))))
    found = await guild.run(OFFICER, lambda session: prices_of(session, "Cloak"))
    assert [(one.prices.count, one.prices.least, one.prices.most) for one in found.pools] == [(2, 4, 6)]


async def test_the_doctor_has_nothing_to_say_of_an_undone_import_of_raids(guild: Stage, imported: int):
    await undo(guild, imported)
    assert await guild.run(Actor.itself(1), ticks_doctor) == []
    await sound(guild)
