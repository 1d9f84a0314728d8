"""Awards on a real database: recorded with their price, announced, undone once, listed."""

from dataclasses import replace
from decimal import Decimal

import pytest
from sqlalchemy import select, update

from bot.refusals import NotFound, Refused
from bot.stage import Stage
from cogs.dkp.service import ledger
from cogs.dkp.service.undoing import EntryUndo
from cogs.loot import _awarded, _undone
from cogs.loot import service as loot
from db.tables import Audit, Award, EntryText, Guild, LedgerEntry, Member, Outbox
from tests.conftest import person
from tests.services.test_auctions.house import CHANNEL, ITSELF, adds_up, give, member, money, rows, write

D = Decimal
LEAD = person(100, "Lead", manage_guild=True)
ANNA, BORIS = person(1, "Anna"), person(2, "Boris")
BELL = ledger.Snapshot("Annabell", "Wizard", 60)


async def award(stage: Stage, to=ANNA, item: str = "Cloak of Flames", cost: int = 45, how: str = "bid in game") -> int:
    """Record and announce an award, as a use case above would."""
    who = await member(stage, to)

    async def work(session):
        pool = await ledger.default_pool(session)
        accounts = await ledger.lock_accounts(session, [(pool.pool_id, who.member_id)])
        person_ = await session.get(Member, (1, who.member_id))
        made = loot.NewAward(item, pool.pool_id, D(cost), how, character=BELL)
        row = await loot.record_award(session, made, person_, accounts)
        loot.announce(session, row, person_, CHANNEL)
        return row.award_id

    return await stage.run(LEAD, work)


async def undo(stage: Stage, award_id: int, reason: str = "wrong person") -> str:
    return await stage.run(LEAD, lambda session: loot.AwardUndo().undo(session, award_id, reason))


async def listed(stage: Stage, **narrowed) -> list[str]:
    found = await stage.run(ANNA, lambda session: loot.list_awards(session, **narrowed))
    return [line.in_words() for line in found]


@pytest.fixture(autouse=True)
async def points(stage):
    await give(stage, ANNA, 100)
    await give(stage, BORIS, 100)


async def test_an_award_takes_its_cost_and_keeps_who_played_what(stage):
    award_id = await award(stage)
    assert await money(stage, ANNA) == (55, 0)
    [row] = await rows(stage, select(Award))
    assert (row.member_name, row.character_name, row.cost, row.item_key) == ("Anna", "Annabell", 45, "cloak of flames")
    [entry] = await rows(stage, select(LedgerEntry).where(LedgerEntry.entry_id == row.entry_id))
    assert (entry.kind, entry.amount, entry.source, entry.source_id) == ("loot", -45, "award", award_id)
    [text] = await rows(stage, select(EntryText).where(EntryText.entry_id == row.entry_id))
    assert (text.reason, text.character_class, text.character_level) == ("Cloak of Flames", "Wizard", 60)
    await adds_up(stage)


async def test_a_gift_costs_nothing_and_has_no_entry(stage):
    await award(stage, cost=0, how="given")
    [row] = await rows(stage, select(Award))
    assert row.entry_id is None
    assert await money(stage, ANNA) == (100, 0)


async def test_an_award_is_announced_in_the_loot_channel_with_a_line_for_the_game(stage):
    await write(stage, update(Guild).values(loot_channel_id=99))
    award_id = await award(stage, item="Cloak of *Flames* @everyone")
    [message] = await rows(stage, select(Outbox))
    assert (message.nonce, message.channel_id, message.mention_user_ids) == (f"award{award_id}", 99, [1])
    assert message.content == (
        "**Cloak of \\*Flames\\* @\u200beveryone** goes to <@1> (Annabell) for **45**.\n"
        "```\nCloak of *Flames* @everyone goes to Annabell for 45. Grats!\n```"
    )


async def test_who_has_no_discord_account_is_announced_by_name(stage):
    await write(stage, update(Member).where(Member.discord_user_id == 1).values(discord_user_id=None))
    [anna] = await rows(stage, select(Member).where(Member.display_name == "Anna"))

    async def work(session):
        row = Award(award_id=7, item_name="Ring", member_name="Anna", character_name=None, cost=D(5))
        loot.announce(session, row, await session.get(Member, (1, anna.member_id)), CHANNEL)

    await stage.run(LEAD, work)
    [message] = await rows(stage, select(Outbox))
    assert message.content.startswith("**Ring** goes to **Anna** for **5**.")
    assert (message.channel_id, message.mention_user_ids) == (CHANNEL, [])


async def test_undoing_an_award_gives_the_points_back_once(stage):
    award_id = await award(stage)
    assert await undo(stage, award_id) == ("Undone: Cloak of Flames to Anna. 45 went back: Anna has 100 now.")
    [row] = await rows(stage, select(Award))
    assert (row.undone_reason, row.undone_at is not None) == ("wrong person", True)
    with pytest.raises(loot.AwardUndone):
        await undo(stage, award_id)
    assert await money(stage, ANNA) == (100, 0)
    await adds_up(stage)


async def test_undoing_a_gift_moves_no_points(stage):
    assert await undo(stage, await award(stage, cost=0, how="given")) == "Undone: Cloak of Flames to Anna."
    assert await money(stage, ANNA) == (100, 0)


async def test_undoing_needs_a_reason_and_an_award(stage):
    award_id = await award(stage)
    with pytest.raises(Refused, match="3 to 500"):
        await undo(stage, award_id, "x")
    with pytest.raises(NotFound):
        await undo(stage, 404)


async def test_undoing_the_entry_of_an_award_undoes_the_award(stage):
    award_id = await award(stage)
    stage.registry.undo["award"] = loot.AwardUndo()
    [row] = await rows(stage, select(Award))
    await stage.run(LEAD, lambda session: EntryUndo().undo(session, row.entry_id, "wrong person"))
    [row] = await rows(stage, select(Award).where(Award.award_id == award_id))
    assert row.undone_at is not None
    assert await money(stage, ANNA) == (100, 0)


async def test_before_undoing_the_officer_sees_what_follows(stage):
    award_id = await award(stage)
    lines = await stage.run(LEAD, lambda session: loot.AwardUndo().preview(session, award_id))
    assert lines == ["Cloak of Flames is no longer Anna's in the records.", "Anna: 55 → 100"]


async def test_recent_awards_are_offered_for_undoing_until_they_are_undone(stage):
    first, second = await award(stage), await award(stage, to=BORIS, item="Ring")
    await undo(stage, first)
    offered = await stage.run(LEAD, lambda session: loot.AwardUndo().recent(session, ""))
    assert [(choice.label, choice.value) for choice in offered] == [("Ring to Boris for 45", str(second))]


async def test_history_is_newest_first_and_narrowed_by_person_or_item(stage):
    await award(stage)
    await award(stage, to=BORIS, item="Ring", cost=5)
    everything = await listed(stage)
    assert [line.split(" ", 1)[1] for line in everything] == [
        "**Ring** → Boris (Annabell) · 5 DKP · bid in game",
        "**Cloak of Flames** → Anna (Annabell) · 45 DKP · bid in game",
    ]
    boris = await member(stage, BORIS)
    assert len(await listed(stage, member_id=boris.member_id)) == 1
    key = await stage.run(ANNA, lambda session: loot.get_item_key(session, "CLOAK of  flames"))
    assert [("Cloak" in line) for line in await listed(stage, item_key=key)] == [True]


async def test_an_undone_award_is_shown_as_undone(stage):
    await undo(stage, await award(stage))
    [line] = await listed(stage)
    assert line.startswith("~~")
    assert line.endswith("~~ undone: wrong person")


async def test_an_unknown_item_is_answered_with_near_names(stage):
    await award(stage)
    with pytest.raises(NotFound, match="Did you mean Cloak of Flames"):
        await stage.run(ANNA, lambda session: loot.get_item_key(session, "cloak of flame"))


async def test_the_audit_reads_as_sentences(stage):
    await undo(stage, await award(stage))
    awarded, undone = await rows(stage, select(Audit).order_by(Audit.audit_id))
    from bot.registry import AuditLine

    line = AuditLine(awarded.action, "Lead", "Anna", awarded.target_id, {}, awarded.after, None)
    assert _awarded(line) == "Lead awarded Cloak of Flames to Anna for 45 (bid in game)"
    line = replace(line, before=undone.before, after={})
    assert _undone(line) == "Lead undid the award of Cloak of Flames to Anna, 45"


async def test_the_guild_next_door_sees_nothing_of_it(stage):
    await award(stage)
    assert await stage.run(person(1, "Anna", guild_id=2), lambda session: loot.list_awards(session)) == []
    assert await stage.run(ITSELF, lambda session: loot.list_awards(session)) != []
