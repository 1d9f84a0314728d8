"""A hidden hold is its owner's alone: every door of points says the same to others, whatever it comes to.

The doors are read twice, with a hold that is small and one that nothing would cover; only the owner sees a difference.
"""

import logging
import re
from decimal import Decimal
from typing import Any
from zipfile import ZipFile

import asyncpg
import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from bot.stage import Session, Stage
from cogs.audit import service as audit
from cogs.dkp.service import adjustments, batches, decays, explaining, ledger, undoing
from cogs.dkp.service.decays import Asked
from cogs.dkp.service.transfers import transfer
from cogs.loot.rules import Doubtful
from cogs.loot.service import award_item
from cogs.members.service.linking import preview_link
from cogs.moving.service.exporting import export
from db.tables import Bid
from tests.conftest import person
from tests.services.test_dkp.words import (
    ANNA,
    BOB,
    CARL,
    HERE,
    balance,
    give,
    hold_for,
    lines_of,
    member_id,
    own_points,
    table,
    told,
)
from tests.services.test_linking.scene import SEEN_BOB, imported

SMALL, LARGE = 33, 777
"""Of the 1,000 that Bob has."""
LEADER_ROLE = 501
LEADER = person(13, "Leader", role_ids=frozenset({LEADER_ROLE}))
"""Records awards, as raid leaders do, and is no officer."""
HIDDEN = {
    "a sealed offer": ({"kind": "sealed", "price": None}, 0),
    "a second-price offer": ({"kind": "second-price", "price": None}, 0),
    "sealed copies": ({"kind": "sealed", "quantity": 3, "price": None}, 0),
    "a maximum": ({"price": 20}, 20),
    "under hidden names": ({"price": 25, "names_hidden": True}, 0),
    "no price yet": ({"price": None}, 0),
}
"""A kind of auction, and what its board shows of Bob's bid."""


async def bid_in_secret(stage: Stage, amount: int, **auction: Any) -> int:
    """Bob's bid as it stands in the rows: the bid, the hold, and what his account holds."""
    auction_id, bob = await hold_for(stage, BOB, "Orb of Salt", amount, **auction), await member_id(stage, BOB)
    aloud = Decimal(amount) if auction.get("kind") else Decimal(1)

    async def work(session: Session) -> None:
        row = Bid(
            guild_id=session.guild_id, auction_id=auction_id, sequence=1, member_id=bob, amount=aloud,
            maximum=None if auction.get("kind") else Decimal(amount), status="standing", balance=Decimal(1000),
            spendable=Decimal(1000), member_name="Bob", received_at=session.now, placed_at=session.now,
        )  # fmt: skip
        session.add(row)

    await stage.run(BOB, work)
    return auction_id


async def hold_instead(owner: asyncpg.Connection, auction_id: int, amount: int) -> None:
    await owner.execute("UPDATE hold SET amount = $2 WHERE auction_id = $1", auction_id, amount)
    await owner.execute(
        "UPDATE account SET held = held + $2 - $1 WHERE member_id = (SELECT member_id FROM hold)", SMALL, amount
    )
    await owner.execute("UPDATE bid SET amount = $1 WHERE maximum IS NULL", amount)
    await owner.execute("UPDATE bid SET maximum = $1 WHERE maximum IS NOT NULL", amount)


async def doors(stage: Stage, owner: asyncpg.Connection) -> list[str]:
    """All that others are told of Bob's points, and of what would befall them; changes nothing."""
    bob, carl = await member_id(stage, BOB), await member_id(stage, CARL)
    newest = await owner.fetchval("SELECT max(entry_id) FROM ledger_entry")
    said: list[Any] = [await balance(stage, by, "Bob") for by in (ANNA, CARL)]
    said += [await table(stage, by) for by in (ANNA, CARL)]
    said += [await lines_of(stage, CARL, "Bob")]

    async def look(session: Session) -> None:
        for percent in (Decimal("0.5"), 1, 10, 33, 100):
            for earned_only in (False, True):
                asked = Asked(percent, floor=50, earned_only=earned_only)
                said.append((await decays.preview(session, asked)).in_words())
        for amount in (-1, -223, -224, -967, -968, -1000, -9000, 5):
            how = (amount, "broke the vase", None, "correction")
            said.append(await adjustments.adjustment_troubles(session, "Bob", *how))
            said.append(await batches.preview_batch(session, [bob, carl], *how))
            moves = {((await ledger.default_pool(session)).pool_id, bob): Decimal(amount)}
            said.append(await ledger.what_moves_do(session, moves))
        said.append(await undoing.preview_undo(session, f"entry:{newest}", "a mistake"))
        said.append(await explaining.explain(session, f"#{newest}"))
        said.append(await preview_link(session, "Old Bob", SEEN_BOB))
        wanted = await audit.read_wanted(session, "Bob", None, None)
        said.append([row.in_words() for row in await audit.search(session, wanted, before=None, most=50)])

    await stage.run(ANNA, look)
    for kind in ("csv", "json"):
        with ZipFile((await export(stage, ANNA, kind, None, 10_000_000)).file) as packed:
            said.append([packed.read(name) for name in packed.namelist()])
    with pytest.raises(Doubtful) as doubtful:
        await award_item(stage, ANNA, "Vase", "Bob", channel_id=HERE, cost=2000)
    return [*map(str, said), str(doubtful.value)]


@pytest.fixture
async def house(guild: Stage, owner: asyncpg.Connection) -> Stage:
    """Bob has 1,000, of which he earned 300; Carl has 100; Old Bob was imported with 8."""
    guild.registry.explain |= explaining.SOURCES
    await give(guild, "Bob", 300, kind="bonus")
    await give(guild, "Carl", 100)
    await imported(guild, "Old Bob", 8)
    await give(guild, "Bob", 700)
    return guild


@pytest.mark.parametrize(("auction", "public"), HIDDEN.values(), ids=HIDDEN.keys())
async def test_no_door_differs_by_what_is_held(house, owner, auction, public):
    auction_id = await bid_in_secret(house, SMALL, **auction)
    before = await doors(house, owner)
    assert f"(1000 minus {SMALL} held" in (await own_points(house, BOB)).in_words
    await hold_instead(owner, auction_id, LARGE)
    assert await house.run(ANNA, ledger.imbalances) == []
    assert f"(1000 minus {LARGE} held" in (await own_points(house, BOB)).in_words, "he himself sees it"
    for one, other in zip(before, await doors(house, owner), strict=True):
        assert one == other
    preview = await house.read(ANNA, "dkp.decay", lambda session: decays.preview(session, Asked(100)))
    assert preview.total == 1108 - public
    assert preview.bids is bool(public)


@pytest.mark.parametrize(("auction", "public"), HIDDEN.values(), ids=HIDDEN.keys())
@pytest.mark.parametrize("amount", [SMALL, LARGE])
async def test_a_decay_takes_and_tells_the_same_whatever_is_held_and_the_bid_stands(
    house, owner, auction, public, amount
):
    await bid_in_secret(house, amount, **auction)
    run = await decays.apply(house, ANNA, Asked(50), 0, HERE)
    assert run.in_words() == f"Decay of **DKP** (50 %) took {(1000 - public) // 2 + 54} points from 3 people."
    entries = await owner.fetch("SELECT entry_id FROM ledger_entry WHERE kind = 'decay'")
    for entry in entries:
        why = await house.read(CARL, "dkp.view", lambda s, entry=entry: explaining.explain(s, f"#{entry['entry_id']}"))
        assert "without bids that stood on the boards" in why
    everything = str([*await told(house), *await lines_of(house, CARL, "Bob")])
    assert not re.search(rf"\b(?:{amount}|{1000 - amount})\b", everything)
    assert await owner.fetchval("SELECT held FROM account WHERE held > 0") == amount
    assert await owner.fetchval("SELECT status FROM bid") == "standing"
    assert await house.run(ANNA, ledger.imbalances) == []


async def test_who_receives_a_gift_from_somebody_who_holds_is_told_no_more_than_it(house, owner):
    await owner.execute("UPDATE pool SET transfers = true")
    await bid_in_secret(house, LARGE, kind="sealed", price=None)
    given = await transfer(house, BOB, "Carl", 100)
    assert "You can spend 123 now." in given.in_words(), "the giver's own to know"
    [letter] = [words for _, words in await told(house) if "gave you" in words]
    assert letter == "Bob gave you 100 DKP. You have 200 now."


async def test_that_there_is_a_hidden_bid_is_told_to_officers_and_to_no_raid_leader(house, owner):
    await owner.execute("INSERT INTO role_mapping (guild_id, role_group, role_id) VALUES (1, 'raid_leader', $1)",
                        LEADER_ROLE)  # fmt: skip
    await bid_in_secret(house, SMALL, kind="sealed", price=None)
    await award_item(house, LEADER, "Vase", "Bob", channel_id=HERE, cost=5)  # asks nothing
    with pytest.raises(Doubtful, match="the open bid on Orb of Salt stands"):
        await award_item(house, ANNA, "Second vase", "Bob", channel_id=HERE, cost=5)
    await hold_for(house, BOB, "Cloak of Flames", 70)
    with pytest.raises(Doubtful) as doubtful:
        await award_item(house, LEADER, "Second vase", "Bob", channel_id=HERE, cost=5)
    assert "the open bid on Cloak of Flames stands" in str(doubtful.value)
    assert "Orb of Salt" not in str(doubtful.value)


async def test_the_doctor_names_members_and_auctions_and_no_amount(house, owner):
    auction_id, bob = await bid_in_secret(house, LARGE, kind="sealed", price=None), await member_id(house, BOB)
    await owner.execute("UPDATE account SET held = 0 WHERE held > 0")
    assert await house.run(ANNA, ledger.imbalances) == [
        f"member {bob}: what is held is not the sum of the open holds (holds for auction {auction_id})"
    ]
    await owner.execute("DELETE FROM hold")
    await owner.execute("UPDATE account SET held = $1 WHERE member_id = $2", LARGE, bob)
    assert await house.run(ANNA, ledger.imbalances) == [
        f"member {bob}: what is held is not the sum of the open holds (there is none)"
    ]


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE account SET held = - CAST(:amount AS numeric)",
        "INSERT INTO hold (guild_id, auction_id, member_id, pool_id, amount, placed_at)"
        " SELECT guild_id, 999999, member_id, pool_id, CAST(:amount AS numeric), now() FROM account LIMIT 1",
    ],
)
async def test_an_error_of_the_database_puts_no_amount_into_the_log(house, statement, caplog):
    async def fails(session: Session) -> None:
        await session.execute(text(statement), {"amount": Decimal(LARGE)})

    with pytest.raises(DBAPIError) as error, caplog.at_level(logging.DEBUG):
        await house.run(ANNA, fails)
    logging.getLogger("bot").error("request failed", exc_info=error.value)
    assert "request failed" in caplog.text
    assert "violates" in caplog.text
    assert str(LARGE) not in caplog.text
