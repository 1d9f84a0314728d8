"""Credit given later, and taken back."""

import pytest
from sqlalchemy import select, update

from bot.refusals import Refused
from bot.stage import Actor
from cogs.dkp.service import ledger
from cogs.raids.rules import (
    TickUndone,
)
from cogs.raids.service import evening, roster, ticks, undo
from db.tables import (
    LedgerEntry,
    Tick,
)
from tests.services.test_raids.scene import ANNA, BERT, LEAD, adds_up, balance, known, read, write


async def test_people_are_credited_for_past_ticks_once(stage, raid):
    await roster.check_in(stage, ANNA, raid)
    one = await ticks.take_tick(stage, LEAD, raid)
    two = await ticks.take_tick(stage, LEAD, raid, again=True)
    await evening.end_raid(stage, LEAD, raid)
    both = (await known(stage, ANNA), await known(stage, BERT))
    credited = await ticks.credit_people(stage, LEAD, raid, (one.tick_id, two.tick_id), both)
    assert (credited.total, credited.already) == (20, 2)
    again = await ticks.credit_people(stage, LEAD, raid, (one.tick_id, two.tick_id), both)
    assert (again.total, again.already) == (0, 4)
    assert (await balance(stage, ANNA), await balance(stage, BERT)) == (20, 20)


async def test_undoing_a_tick_takes_its_points_back_once(stage, raid):
    await roster.check_in(stage, ANNA, raid)
    await roster.check_in(stage, BERT, raid)
    taken = await ticks.take_tick(stage, LEAD, raid)
    preview = await stage.run(Actor.itself(1), lambda session: undo.preview_undo(session, taken.tick_id))
    assert (preview.people, preview.total) == (2, 20)
    assert preview.follows == ("Anna: 10 → 0", "Bert: 10 → 0")
    undone = await undo.undo_tick(stage, LEAD, taken.tick_id, "wrong boss")
    assert (undone.people, undone.total) == (2, 20)
    with pytest.raises(TickUndone):
        await undo.undo_tick(stage, LEAD, taken.tick_id, "wrong boss")
    assert await balance(stage, ANNA) == 0
    await adds_up(stage)


async def test_undoing_a_tick_skips_entries_that_were_undone_before(stage, raid):
    await roster.check_in(stage, ANNA, raid)
    await roster.check_in(stage, BERT, raid)
    taken = await ticks.take_tick(stage, LEAD, raid)
    entries = await read(stage, select(LedgerEntry.entry_id).where(LedgerEntry.guild_id == 1))

    async def one(session):
        await ledger.reverse(session, entries[:1], "first alone")

    await stage.run(LEAD, one)
    assert (await undo.undo_tick(stage, LEAD, taken.tick_id, "wrong boss")).total == 10
    assert (await balance(stage, ANNA), await balance(stage, BERT)) == (0, 0)


async def test_ticks_can_be_undone_by_the_officers_undo_command(stage, raid):
    await roster.check_in(stage, ANNA, raid)
    taken = await ticks.take_tick(stage, LEAD, raid)
    kind = undo.TickUndo()
    (choice,) = await stage.run(LEAD, lambda session: kind.recent(session, "veeshan"))
    assert (choice.value, choice.label.startswith("Tick 1 · Temple of Veeshan")) == (str(taken.tick_id), True)
    assert await stage.run(LEAD, lambda session: kind.recent(session, "kael")) == []
    lines = await stage.run(LEAD, lambda session: kind.preview(session, taken.tick_id))
    assert lines == ["Tick 1 of Temple of Veeshan: 1 person, 10 points taken back.", "Anna: 10 → 0"]
    said = await stage.run(LEAD, lambda session: kind.undo(session, taken.tick_id, "wrong boss"))
    assert said == "Tick 1 of Temple of Veeshan is undone: 10 points taken back from 1 person."
    assert await balance(stage, ANNA) == 0


async def test_the_doctor_finds_undone_ticks_whose_points_stand(stage, raid):
    await roster.check_in(stage, ANNA, raid)
    taken = await ticks.take_tick(stage, LEAD, raid)
    assert await stage.run(Actor.itself(1), undo.doctor) == []
    await write(stage, update(Tick).where(Tick.tick_id == taken.tick_id).values(undone_at=taken.taken_at))
    assert await stage.run(Actor.itself(1), undo.doctor) == [
        "tick 1 of Temple of Veeshan was undone, but 1 of its entries stand"
    ]


async def test_every_audit_row_reads_as_a_sentence():
    from bot.registry import AuditLine
    from cogs.raids import _SENTENCES, _sentence

    after = {
        "raid": "*Kael*",
        "points": "10.00",
        "people": 2,
        "ticks": 1,
        "number": 3,
        "name": "Thalai",
        "status": "late",
        "zone": "UTC",
    }
    for template in _SENTENCES.values():
        line = AuditLine("a", "Lead", "Anna", 1, {}, after, "be*cause")
        sentence = _sentence(template, line)
        assert sentence.endswith("(be\\*cause)")
        assert "10.00" not in sentence


async def test_a_reason_is_asked_for(stage, raid):
    taken = await ticks.take_tick(stage, LEAD, raid)
    with pytest.raises(Refused, match="3 to 500"):
        await undo.undo_tick(stage, LEAD, taken.tick_id, "x")
