"""A whole raid undone by `/dkp undo`, with its loot or without; and what a leader undoes to themselves is told."""

from decimal import Decimal

import asyncpg
import pytest
from sqlalchemy import select

from bot.registry import Choice
from bot.stage import Session, Stage
from cogs.dkp.rules import UndoneElsewhere
from cogs.dkp.service import undoing
from cogs.dkp.service.ledger import default_pool, lock_accounts
from cogs.loot.service import AwardUndo, NewAward, record_award
from cogs.raids.rules import RaidWasCancelled
from cogs.raids.service import evening, roster, ticks, undo
from cogs.raids.service.explaining import explain_tick
from cogs.raids.service.undo import TickUndo
from cogs.raids.service.undo_raid import RaidUndo
from db.tables import Award, LedgerEntry, Outbox
from tests.services.test_raids.scene import ANNA, BERT, CARL, LEAD, adds_up, balance, begin, known, read


@pytest.fixture
async def raid_id(stage: Stage, clock) -> int:
    """Anna, Bert and the leader with two ticks of 10; Anna was awarded a cloak for 15."""
    stage.registry.undo |= {"award": AwardUndo(), "tick": TickUndo()}
    stage.registry.undo |= {"raid": RaidUndo(loot=False), "raid and loot": RaidUndo(loot=True)}
    raid_id = (await begin(stage)).raid_id
    for who in (ANNA, BERT, LEAD):
        await roster.check_in(stage, who, raid_id)
    for _ in range(2):
        await ticks.take_tick(stage, LEAD, raid_id)
        clock.move(minutes=5)

    async def award(session: Session) -> None:
        pool = await default_pool(session)
        accounts = await lock_accounts(session, [(pool.pool_id, session.member.member_id)])
        new = NewAward("Cloak of *Flames*", pool.pool_id, Decimal(15), "bid in game", raid_id=raid_id)
        await record_award(session, new, session.member, accounts)

    await stage.run(ANNA, award)
    return raid_id


async def preview(stage: Stage, what: str) -> list[str]:
    _, lines = await stage.read(LEAD, "dkp.undo", lambda session: undoing.preview_undo(session, what, "a mistake"))
    return list(lines)


async def offered(stage: Stage) -> set[str]:
    async def look(session: Session) -> list[Choice]:
        return await undoing.recent_acts(session, "")

    return {choice.value for choice in await stage.run(LEAD, look)}


async def told(stage: Stage) -> list[str]:
    return [row.content for row in await read(stage, select(Outbox).where(Outbox.guild_id == 1))]


async def test_a_raid_is_undone_as_it_is_cancelled_and_its_awards_stay(stage: Stage, raid_id: int):
    what = f"raid:{raid_id}"
    assert {what, f"raid and loot:{raid_id}"} <= await offered(stage)
    assert await preview(stage, what) == [
        "Temple of Veeshan goes out of attendance; 2 ticks, 60 points are taken back.",
        "1 award is left as it is (15 points): “raid and loot” undoes them too.",
        "Anna: 5 → -15, below the floor of 0",
        "Bert: 20 → 0",
        "Lead: 20 → 0",
    ]
    said = await undoing.undo(stage, LEAD, what, "wrong evening")
    assert said == "**Temple of Veeshan** was cancelled: wrong evening. Reversed: 2 ticks, 60 points."
    assert [await balance(stage, who) for who in (ANNA, BERT, LEAD)] == [-15, 0, 0]
    with pytest.raises(RaidWasCancelled):
        await undoing.undo(stage, LEAD, what, "wrong evening")
    assert await offered(stage) & {what, f"raid and loot:{raid_id}"} == {f"raid and loot:{raid_id}"}
    # What is left of it can still go.
    assert await preview(stage, f"raid and loot:{raid_id}") == [
        "1 award is undone: 15 points go back.",
        "Anna: -15 → 0",
    ]
    assert await undoing.undo(stage, LEAD, f"raid and loot:{raid_id}", "all of it") == (
        "1 award is undone: 15 points went back."
    )
    assert await balance(stage, ANNA) == 0
    await adds_up(stage)


async def test_a_raid_and_its_loot_are_undone_as_one(stage: Stage, raid_id: int):
    assert await preview(stage, f"raid and loot:{raid_id}") == [
        "Temple of Veeshan goes out of attendance; 2 ticks, 60 points are taken back.",
        "1 award is undone: 15 points go back.",
        "Anna: 5 → 0",
        "Bert: 20 → 0",
        "Lead: 20 → 0",
    ]
    said = await undoing.undo(stage, LEAD, f"raid and loot:{raid_id}", "wrong evening")
    assert said.endswith("Reversed: 2 ticks, 60 points. 1 award is undone: 15 points went back.")
    assert [await balance(stage, who) for who in (ANNA, BERT, LEAD)] == [0, 0, 0]
    [award] = await read(stage, select(Award).where(Award.guild_id == 1))
    assert award.undone_reason == "wrong evening"
    with pytest.raises(RaidWasCancelled):
        await undoing.undo(stage, LEAD, f"raid and loot:{raid_id}", "wrong evening")
    await adds_up(stage)


async def test_what_a_leader_undoes_to_themselves_is_told_once_by_whatever_door(stage: Stage, raid_id: int):
    own = "Lead undid what moved their own points. "
    first, second = sorted(int(value.split(":")[1]) for value in await offered(stage) if value.startswith("tick"))
    await undo.undo_tick(stage, LEAD, first, "wrong boss")
    [line] = [line for line in await told(stage) if own in line]
    assert line == f"{own}Tick 1 of Temple of Veeshan is undone: 30 points taken back from 3 people. Reason: wrong boss"
    await undoing.undo(stage, LEAD, f"tick:{second}", "wrong boss", 77)
    assert len([line for line in await told(stage) if own in line]) == 2
    await undoing.undo(stage, LEAD, f"raid:{raid_id}", "wrong evening", 77)
    assert len([line for line in await told(stage) if own in line]) == 2, "nothing of the leader's moved"


async def test_cancelling_a_raid_one_was_credited_at_is_told(stage: Stage, raid_id: int):
    await evening.cancel_raid(stage, LEAD, raid_id, "wrong evening")
    [line] = [line for line in await told(stage) if "their own points" in line]
    assert line.startswith(
        "Lead undid what moved their own points. **Temple of Veeshan** was cancelled: wrong evening."
    )


async def test_the_undo_of_a_raid_cannot_be_undone_entry_by_entry(stage: Stage, raid_id: int):
    stage.registry.undo["entry"] = undoing.EntryUndo()
    await undoing.undo(stage, LEAD, f"raid:{raid_id}", "wrong evening")
    [last, *_] = await read(stage, select(LedgerEntry.entry_id).order_by(LedgerEntry.entry_id.desc()))
    with pytest.raises(UndoneElsewhere, match="That undid a tick, which cannot be brought back this way"):
        await undoing.undo(stage, LEAD, f"#{last}", "no, it was right")


# --- why a tick paid --------------------------------------------------------------------------------------------------


async def explain(stage: Stage, who) -> list[str]:
    member = await known(stage, who)

    async def look(session: Session) -> list[str]:
        query = select(LedgerEntry).where(LedgerEntry.member_id == member, LedgerEntry.source == "tick")
        [entry, *_] = (await session.execute(query.order_by(LedgerEntry.entry_id))).scalars()
        return await explain_tick(session, entry)

    return await stage.run(LEAD, look)


async def test_a_tick_tells_its_raid_who_took_it_and_the_evidence(stage: Stage, raid_id: int):
    lines = await explain(stage, ANNA)
    assert lines[0].startswith("Tick 1 of **Temple of Veeshan**, <t:")
    assert lines[0].endswith(", worth 10: taken by Lead by command.")
    assert lines[1] == "Evidence: checked in with the button."
    await undo.undo_tick(stage, LEAD, 1, "wrong boss")
    assert (await explain(stage, ANNA))[-1] == "The tick was undone."
    await evening.cancel_raid(stage, LEAD, raid_id, "wrong evening")
    assert (await explain(stage, ANNA))[-1] == "The raid was cancelled."


async def test_a_leaders_word_is_evidence(stage: Stage, raid_id: int):
    await ticks.credit_people(stage, LEAD, raid_id, (1,), (await known(stage, CARL),))
    assert "Evidence: a leader’s word." in await explain(stage, CARL)


async def test_the_line_of_a_file_and_an_accepted_claim_are_evidence(
    stage: Stage, raid_id: int, owner: asyncpg.Connection
):
    await owner.execute(
        """
        WITH file AS (
            INSERT INTO raid_import (guild_id, raid_id, tick_id, file_name, sha256, imported_at,
                                     imported_by_user_id, summary)
            VALUES (1, $1, 1, 'RaidRoster-*1*.txt', 'abcdef0123456789', now(), 100, '{}') RETURNING raid_import_id)
        UPDATE tick_credit SET evidence = 'dump', character_name = 'Zanz', line = E'1\tZanz\t60\tBard', raid_import_id =
            (SELECT raid_import_id FROM file)
        WHERE tick_id = 1 AND member_id = (SELECT member_id FROM member WHERE display_name = 'Anna')""",
        raid_id,
    )
    assert (await explain(stage, ANNA))[1:] == [
        "Evidence: named in a file, as Zanz.",
        "File: RaidRoster-\\*1\\*.txt (abcdef01), imported by Lead.",
        "Its line: 1 Zanz 60 Bard",
    ]
    await owner.execute(
        """
        INSERT INTO raid_claim (guild_id, raid_id, member_id, note, status, made_at, lapses_at, decided_by_user_id)
        SELECT 1, $1, member_id, 'I *healed*', 'accepted', now(), now(), 100
        FROM member WHERE display_name = 'Bert'""",
        raid_id,
    )
    await owner.execute(
        "UPDATE tick_credit SET evidence = 'claim' WHERE member_id ="
        " (SELECT member_id FROM member WHERE display_name = 'Bert')"
    )
    assert (await explain(stage, BERT))[1:] == [
        "Evidence: claimed it, and a leader accepted.",
        "They wrote: I \\*healed\\*, accepted by Lead.",
    ]
