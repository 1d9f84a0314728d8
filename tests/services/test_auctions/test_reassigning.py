"""After the end: what was won goes to somebody else, what nobody bid on is given away."""

import pytest
from sqlalchemy import select

from bot.refusals import NotAllowed, NotFound
from bot.stage import Actor, Stage
from cogs.auctions.rules.bidding import AuctionOver
from cogs.auctions.service import give as give_away
from cogs.auctions.service import preview_reassign, reassign
from cogs.auctions.service.explaining import explain_auction
from cogs.auctions.service.reassigning import CannotGive, CannotReassign
from cogs.dkp.rules.pools import ArchivedPool
from cogs.dkp.service.undoing import preview_undo, undo
from cogs.loot import service as loot
from cogs.loot.rules import AwardUndone, BadCost
from db.tables import Audit, Award, LedgerEntry, Pool
from tests.services.test_auctions.house import (
    ANNA,
    BORIS,
    CARA,
    CHANNEL,
    ITSELF,
    LEAD,
    OTHER_LEAD,
    adds_up,
    becomes,
    bid,
    end,
    give,
    member,
    money,
    rows,
    told,
    write,
)


@pytest.fixture
async def won(stage, cloak, clock) -> int:
    """Anna, who had 100, paid 45; Boris has 60 and Cara 30."""
    await bid(stage, BORIS, cloak, 40)
    await bid(stage, ANNA, cloak, 45)
    await end(stage, clock, cloak)
    return cloak


async def look(stage: Stage, auction_id: int, to: str, *, by: Actor = LEAD, **more):
    return await stage.read(by, "loot.undo", lambda s: preview_reassign(s, auction_id, to, "misheard", **more))


async def move(stage: Stage, auction_id: int, to: str, *, by: Actor = LEAD, **more) -> str:
    found = await look(stage, auction_id, to, by=by, **more)
    return await reassign(stage, by, auction_id, found.award_id, found.to_member_id, found.cost, found.reason, CHANNEL)


async def owners(stage: Stage, auction_id: int) -> list[tuple[str, int]]:
    query = select(Award).where(Award.auction_id == auction_id, Award.undone_at.is_(None)).order_by(Award.award_id)
    return [(award.member_name, int(award.cost)) for award in await rows(stage, query)]


# --- reassigning ------------------------------------------------------------------------------------------------------


async def test_the_preview_says_who_gets_back_what_and_who_pays(stage, won):
    found = await look(stage, won, "Boris")
    assert found.in_words == "**Cloak of Flames** goes from Anna, who paid 45, to Boris for 45 DKP"
    assert found.follows == ("Anna: 55 → 100", "Boris: 60 → 15")
    assert (await look(stage, won, "Cara")).follows == ("Cara: 30 → -15, below the floor of 0", "Anna: 55 → 100")
    assert (await look(stage, won, "Cara", cost=10)).follows == ("Anna: 55 → 100", "Cara: 30 → 20")
    assert await owners(stage, won) == [("Anna", 45)], "a look changes nothing"


async def test_the_points_go_back_the_new_owner_pays_and_it_is_announced_once(stage, won):
    done = await move(stage, won, "Boris")
    assert done == (
        "Undone: Cloak of Flames to Anna. 45 went back: Anna has 100 now."
        " **Cloak of Flames** is Boris's for 45: they have 15 now."
    )
    assert await owners(stage, won) == [("Boris", 45)]
    assert (await money(stage, ANNA), await money(stage, BORIS)) == ((100, 0), (15, 0))
    [award] = await rows(stage, select(Award).where(Award.undone_at.is_(None)))
    assert (award.how, award.auction_id, award.note) == ("auction", won, "misheard")
    [message] = await told(stage, like="goes to <@2>")
    assert "**Cloak of Flames** goes to <@2> for **45**.\n> misheard" in message
    [row] = await rows(stage, select(Audit).where(Audit.action == "auctions.reassigned"))
    assert (row.before, row.after, row.reason) == (
        {"price": "45.00"},
        {"item": "Cloak of Flames", "price": "45.00"},
        "misheard",
    )
    await adds_up(stage)
    assert await stage.run(ITSELF, loot_doctor) == []


async def loot_doctor(session):
    from cogs.loot.service.keeping import doctor

    return await doctor(session)


async def test_another_cost_and_none_at_all(stage, won):
    await move(stage, won, "Cara", cost=7)
    assert await money(stage, CARA) == (23, 0)
    done = await move(stage, won, "Boris", cost=0)
    assert done.endswith("**Cloak of Flames** is Boris's for 0.")
    assert (await money(stage, CARA), await money(stage, BORIS)) == ((30, 0), (60, 0))
    with pytest.raises(BadCost):
        await look(stage, won, "Anna", cost=-1)
    await adds_up(stage)


async def test_who_was_faster_is_not_overruled_unseen(stage, won):
    found = await look(stage, won, "Boris")
    await move(stage, won, "Cara", by=OTHER_LEAD)
    with pytest.raises(AwardUndone):
        await reassign(stage, LEAD, won, found.award_id, found.to_member_id, found.cost, found.reason, CHANNEL)
    assert await owners(stage, won) == [("Cara", 45)]


async def test_refused_for_who_has_it_who_is_nobody_and_before_the_end(stage, won, cloak):
    with pytest.raises(CannotReassign, match="Anna has Cloak of Flames from that auction already"):
        await look(stage, won, "Anna")
    with pytest.raises(NotFound):
        await look(stage, won, "Nobody at all")
    with pytest.raises(NotAllowed):
        await look(stage, won, "Boris", by=ANNA)
    with pytest.raises(NotAllowed):
        await reassign(stage, ANNA, won, 1, 1, 1, "give it me", CHANNEL)
    await loot.undo_award(stage, LEAD, "1", "wrong")
    with pytest.raises(CannotReassign, match="record who gets it with /loot award"):
        await look(stage, won, "Boris")


async def test_refused_while_it_is_up(stage, cloak):
    with pytest.raises(AuctionOver, match="is still up"):
        await look(stage, cloak, "Boris")


async def test_refused_in_an_archived_pool(stage, won):
    found = await look(stage, won, "Boris")
    await write(stage, Pool.__table__.update().values(archived_at=stage.clock.now()))
    with pytest.raises(ArchivedPool):
        await look(stage, won, "Boris")
    with pytest.raises(ArchivedPool):
        await reassign(stage, LEAD, won, found.award_id, found.to_member_id, found.cost, found.reason, CHANNEL)
    assert await owners(stage, won) == [("Anna", 45)]


async def test_of_several_winners_it_must_be_said_whose(stage, cloak, clock):
    await becomes(stage, cloak, quantity=2)
    await bid(stage, BORIS, cloak, 40)
    await bid(stage, ANNA, cloak, 45)
    await end(stage, clock, cloak)
    with pytest.raises(CannotReassign, match="went to Anna and Boris: say whose it was with the winner option"):
        await look(stage, cloak, "Cara")
    with pytest.raises(CannotReassign, match="Cara did not win"):
        await look(stage, cloak, "Lead", winner="Cara")
    with pytest.raises(CannotReassign, match="Anna has Cloak of Flames"):
        await look(stage, cloak, "Anna", winner="Boris")
    await move(stage, cloak, "Cara", winner="Boris", cost=5)
    assert await owners(stage, cloak) == [("Anna", 45), ("Cara", 5)]
    await adds_up(stage)


async def test_who_got_a_copy_since_the_look_gets_no_second_one(stage, cloak, clock):
    await becomes(stage, cloak, quantity=2)
    await bid(stage, BORIS, cloak, 40)
    await bid(stage, ANNA, cloak, 45)
    await end(stage, clock, cloak)
    found = await look(stage, cloak, "Cara", winner="Boris", cost=5)
    await move(stage, cloak, "Cara", winner="Anna", cost=5)
    with pytest.raises(CannotReassign, match="Cara has Cloak of Flames from that auction already"):
        await reassign(stage, LEAD, cloak, found.award_id, found.to_member_id, found.cost, found.reason, CHANNEL)
    assert await owners(stage, cloak) == [("Boris", 40), ("Cara", 5)]


async def test_it_goes_back_and_forth(stage, won):
    for who in ("Boris", "Anna", "Boris", "Anna"):
        await move(stage, won, who)
    assert await owners(stage, won) == [("Anna", 45)]
    assert (await money(stage, ANNA), await money(stage, BORIS)) == ((55, 0), (60, 0))
    await adds_up(stage)


async def test_to_oneself_is_told_in_the_audit_channel(stage, won):
    await give(stage, LEAD, 50)
    await move(stage, won, "Lead")
    assert await told(stage, like="Lead reassigned an item of their own.")


async def test_explained_and_undone_as_any_award(stage, won):
    await move(stage, won, "Boris")
    [award] = await rows(stage, select(Award).where(Award.undone_at.is_(None)))
    [entry] = await rows(stage, select(LedgerEntry).where(LedgerEntry.entry_id == award.entry_id))
    lines = await stage.run(ITSELF, lambda session: explain_auction(session, entry))
    assert any(line == "It was reassigned to Boris: misheard" for line in lines)
    stage.registry.undo["award"] = loot.AwardUndo()
    words, follows = await stage.read(LEAD, "dkp.undo", lambda s: preview_undo(s, f"award:{award.award_id}", "sorry"))
    assert "Cloak of Flames to Boris for 45" in words
    assert "Boris: 15 → 60" in follows
    await undo(stage, LEAD, f"award:{award.award_id}", "sorry", CHANNEL)
    assert await owners(stage, won) == []
    assert (await money(stage, ANNA), await money(stage, BORIS)) == ((100, 0), (60, 0))
    await adds_up(stage)


async def test_the_reassigned_award_is_undone_by_loot_undo(stage, won):
    await move(stage, won, "Boris")
    [award] = await rows(stage, select(Award).where(Award.undone_at.is_(None)))
    done = await loot.undo_award(stage, LEAD, str(award.award_id), "sorry")
    assert "45 went back: Boris has 60 now" in done
    await adds_up(stage)


async def test_where_the_entry_alone_was_undone_before_nothing_comes_back_twice(stage, won):
    [award] = await rows(stage, select(Award))
    await stage.run(ITSELF, lambda session: reverse_entry(session, award.entry_id))
    assert (await look(stage, won, "Boris")).follows == ("Boris: 60 → 15",)
    await move(stage, won, "Boris")
    assert await money(stage, ANNA) == (100, 0)
    await adds_up(stage)


async def reverse_entry(session, entry_id: int) -> None:
    from cogs.dkp.service import ledger

    await ledger.reverse(session, [entry_id], "only the entry")


# --- given away -------------------------------------------------------------------------------------------------------


@pytest.fixture
async def unsold(stage, cloak, clock) -> int:
    await becomes(stage, cloak, without_bid="given")
    await end(stage, clock, cloak)
    return cloak


async def test_what_nobody_bid_on_is_given_for_nothing_once(stage, unsold):
    assert await give_away(stage, LEAD, unsold, "Boris") == "**Cloak of Flames** goes to Boris (given)."
    [award] = await rows(stage, select(Award))
    assert (award.how, award.cost, award.auction_id, award.member_name) == ("given", 0, unsold, "Boris")
    assert await told(stage, like="**Cloak of Flames** goes to <@2>.")
    with pytest.raises(CannotGive, match="was given to Boris already"):
        await give_away(stage, OTHER_LEAD, unsold, "Cara")
    await loot.undo_award(stage, LEAD, str(award.award_id), "he has one")
    await give_away(stage, OTHER_LEAD, unsold, "Cara")
    assert await owners(stage, unsold) == [("Cara", 0)]
    await adds_up(stage)


async def test_only_where_the_auction_says_so_and_nobody_bid(stage, cloak, clock):
    with pytest.raises(NotAllowed):
        await give_away(stage, ANNA, cloak, "Anna")
    await becomes(stage, cloak, without_bid="given")
    with pytest.raises(CannotGive, match="/loot award"):
        await give_away(stage, LEAD, cloak, "Boris")
    await becomes(stage, cloak, without_bid="rots")
    await end(stage, clock, cloak)
    with pytest.raises(CannotGive, match="/loot award"):
        await give_away(stage, LEAD, cloak, "Boris")
    assert await rows(stage, select(Award)) == []


async def test_each_copy_once_and_one_a_person(stage, unsold):
    await becomes(stage, unsold, quantity=2)
    await give_away(stage, LEAD, unsold, "Boris")
    with pytest.raises(CannotGive):
        await give_away(stage, LEAD, unsold, "Boris")
    await give_away(stage, LEAD, unsold, "Cara")
    with pytest.raises(CannotGive, match="Boris and Cara"):
        await give_away(stage, LEAD, unsold, "Anna")


async def test_to_oneself_it_is_told(stage, unsold):
    await member(stage, LEAD)
    await give_away(stage, LEAD, unsold, "Lead")
    assert await told(stage, like="Lead gave an item to themselves.")
