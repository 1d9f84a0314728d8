"""A standing bid disappears."""

from datetime import timedelta

import pytest
from sqlalchemy import delete, select, update

from bot import people
from cogs.auctions.rules.bidding import OwnInterest
from cogs.auctions.rules.standing import NothingToVoid
from cogs.auctions.service import (
    Others,
    void_bid,
    void_bids_without_right,
)
from cogs.raids.service import roster
from db.tables import (
    Account,
    CapabilityGrant,
    DueJob,
    Hold,
    Member,
    RoleMapping,
)
from tests.services.test_auctions.house import (
    ANNA,
    BORIS,
    CARA,
    ITSELF,
    LEAD,
    adds_up,
    auction,
    bid,
    give,
    member,
    money,
    rows,
    standing,
    statuses,
    told,
    up,
)


async def test_voiding_the_leaders_bid_makes_the_next_best_stand_again(stage, cloak):
    for who, amount in ((ANNA, 20), (BORIS, 30), (ANNA, 40)):
        await bid(stage, who, cloak, amount)
    voided = await void_bid(stage, LEAD, cloak, "Anna", "mistyped")
    assert (voided.amount, voided.leader, voided.price) == (40, "Boris", 30)
    assert await statuses(stage, cloak) == ["outbid", "standing", "voided"]
    assert (await money(stage, ANNA), await money(stage, BORIS)) == ((100, 0), (60, 30))
    assert await told(stage, like="was voided: mistyped")
    assert await told(stage, like="Your bid of 30 leads **Cloak of Flames** again")
    await adds_up(stage)


async def test_who_can_no_longer_pay_is_skipped_and_told(stage, cloak, clock):
    ring = await up(stage, "Ring")
    for who, amount in ((CARA, 20), (BORIS, 50), (ANNA, 60)):
        await bid(stage, who, cloak, amount)
    await bid(stage, BORIS, ring, 20)
    voided = await void_bid(stage, LEAD, cloak, "Anna", "mistyped")
    assert (voided.leader, voided.price) == ("Cara", 20)
    assert await told(stage, like="you can no longer spend the 50")
    assert (await bid(stage, ANNA, cloak, 21)).outcome == "accepted"
    await adds_up(stage)


async def test_the_last_bid_voided_leads_back_to_the_minimum(stage, cloak):
    await bid(stage, ANNA, cloak, 40)
    voided = await void_bid(stage, LEAD, cloak, "Anna", "mistyped")
    assert (voided.leader, voided.price) == (None, None)
    assert await rows(stage, select(Hold)) == []
    assert (await bid(stage, BORIS, cloak, 1)).outcome == "accepted"


async def test_voiding_with_less_than_60_s_left_gives_60_s(stage, cloak, clock):
    await bid(stage, ANNA, cloak, 40)
    clock.moment = (await auction(stage, cloak)).ends_at - timedelta(seconds=10)
    await void_bid(stage, LEAD, cloak, "Anna", "mistyped")
    row = await auction(stage, cloak)
    assert row.ends_at == clock.now() + timedelta(seconds=60)
    [job] = await rows(stage, select(DueJob))
    assert job.due_at == row.ends_at + timedelta(seconds=1)


async def test_voiding_an_outbid_bid_moves_nothing(stage, cloak, clock):
    await bid(stage, ANNA, cloak, 40)
    await bid(stage, BORIS, cloak, 50)
    clock.moment = (await auction(stage, cloak)).ends_at - timedelta(seconds=10)
    before = (await auction(stage, cloak)).ends_at
    await void_bid(stage, LEAD, cloak, "Anna", "mistyped")
    assert await statuses(stage, cloak) == ["voided", "standing"]
    assert (await auction(stage, cloak)).ends_at == before


async def test_who_has_no_bid_has_none_to_void(stage, cloak):
    await bid(stage, ANNA, cloak, 40)
    with pytest.raises(NothingToVoid):
        await void_bid(stage, LEAD, cloak, "Boris", "mistyped")


async def test_a_leavers_bids_are_voided_in_every_auction_and_the_next_stands(stage, cloak):
    ring = await up(stage, "Ring")
    for auction_id in (cloak, ring):
        await bid(stage, BORIS, auction_id, 20)
        await bid(stage, ANNA, auction_id, 30)
    anna = await member(stage, ANNA)
    await stage.run(ITSELF, lambda session: people.leave(session, 1))
    for _ in range(2):
        await void_bids_without_right(stage, 1, anna.member_id)
    assert await standing(stage, cloak) == await standing(stage, ring) == ("Boris", 20)
    [account] = await rows(stage, select(Account).where(Account.member_id == anna.member_id))
    assert account.held == 0
    assert not await told(stage, like="was voided")
    await adds_up(stage)


async def test_who_loses_the_right_to_bid_loses_open_bids_and_is_told_why(stage, cloak):
    await bid(stage, CARA, cloak, 10)
    await bid(stage, BORIS, cloak, 20)
    await bid(stage, ANNA, cloak, 30)
    anna, boris = await member(stage, ANNA), await member(stage, BORIS)

    async def map_and_make_boris_a_member(session):
        session.add(RoleMapping(guild_id=1, role_group="member", role_id=77))
        await session.execute(update(Member).where(Member.member_id == boris.member_id).values(role_group="member"))

    await stage.run(ITSELF, map_and_make_boris_a_member)
    for _ in range(2):
        await void_bids_without_right(stage, 1, anna.member_id)
    assert await standing(stage, cloak) == ("Boris", 20)
    await void_bids_without_right(stage, 1, boris.member_id)
    assert await standing(stage, cloak) == ("Boris", 20), "a member keeps theirs"
    await void_bid(stage, ITSELF, cloak, "Boris", "mistyped")
    assert await standing(stage, cloak) is None, "Cara is a guest by now, so hers does not stand again"
    assert await told(stage, like="no right to bid as guest")
    await adds_up(stage)


async def test_who_is_removed_from_the_raid_before_any_tick_loses_its_open_bids(stage, raid):
    ring = await up(stage, "Ring")
    await roster.check_in(stage, ANNA, raid)
    await bid(stage, ANNA, ring, 30)
    anna = await member(stage, ANNA)
    await void_bids_without_right(stage, 1, anna.member_id)
    assert await standing(stage, ring) == ("Anna", 30), "at the raid, nothing happens"
    await roster.remove(stage, LEAD, raid, anna.member_id)
    for _ in range(2):
        await void_bids_without_right(stage, 1, anna.member_id)
    assert await standing(stage, ring) is None
    assert await told(stage, like="no longer at the raid")
    await adds_up(stage)


async def test_who_has_left_does_not_stand_again_even_before_their_bids_are_voided(stage, cloak):
    await bid(stage, CARA, cloak, 20)
    await bid(stage, BORIS, cloak, 30)
    await bid(stage, ANNA, cloak, 40)
    await stage.run(ITSELF, lambda session: people.leave(session, BORIS.user_id))
    assert (await void_bid(stage, LEAD, cloak, "Anna", "mistyped")).leader == "Cara"


async def test_who_came_back_keeps_their_bids(stage, cloak):
    await bid(stage, ANNA, cloak, 30)
    await void_bids_without_right(stage, 1, (await member(stage, ANNA)).member_id)
    assert await standing(stage, cloak) == ("Anna", 30)


@pytest.mark.parametrize("status", ["left early", "excused", "absent"])
async def test_whom_a_leader_says_is_gone_is_asked_for_their_right_to_bid(stage, raid, status):
    await roster.check_in(stage, BORIS, raid)
    boris = (await member(stage, BORIS)).member_id
    await roster.add_people(stage, LEAD, raid, (boris,), status)
    planned = select(DueJob.key).where(DueJob.kind == people.RIGHTS_CHANGED, DueJob.done_at.is_(None))
    assert await rows(stage, planned) == [str(boris)]


async def test_when_everybodys_rights_change_only_who_lost_theirs_loses_bids(stage, cloak):
    for who, amount in ((CARA, 20), (ANNA, 30), (BORIS, 40)):
        await bid(stage, who, cloak, amount)
    keeps = (await member(stage, ANNA)).member_id

    async def map_members(session):
        session.add(RoleMapping(guild_id=1, role_group="member", role_id=900))
        await session.execute(update(Member).where(Member.member_id == keeps).values(role_group="member"))

    await stage.run(ITSELF, map_members)
    for _ in range(2):
        await void_bids_without_right(stage, 1, None)
        assert await statuses(stage, cloak) == ["voided", "standing", "voided"]
    assert (await standing(stage, cloak)) == ("Anna", 30)
    await adds_up(stage)


async def grant(stage, capability: str, role_id: int) -> None:
    async def work(session):
        session.add(CapabilityGrant(guild_id=1, capability=capability, role_id=role_id, granted_at=session.now))

    await stage.run(ITSELF, work)


async def test_where_a_role_was_given_the_right_to_bid_nobodys_group_voids_their_bids(stage, cloak):
    for who, amount in ((CARA, 20), (ANNA, 30)):
        await bid(stage, who, cloak, amount)
    await grant(stage, "auctions.bid", 55)

    async def map_members(session):
        session.add(RoleMapping(guild_id=1, role_group="member", role_id=900))

    await stage.run(ITSELF, map_members)
    await void_bids_without_right(stage, 1, None)
    assert await statuses(stage, cloak) == ["outbid", "standing"], "only Discord knows who holds the role"
    await stage.run(ITSELF, lambda session: session.execute(delete(CapabilityGrant)))
    await void_bids_without_right(stage, 1, None)
    assert await statuses(stage, cloak) == ["voided", "voided"]
    await adds_up(stage)


async def test_who_left_loses_bids_whatever_roles_were_given(stage, cloak):
    await bid(stage, ANNA, cloak, 30)
    await grant(stage, "auctions.bid", 55)
    await stage.run(ITSELF, lambda session: people.leave(session, ANNA.user_id))
    await void_bids_without_right(stage, 1, (await member_left(stage)))
    assert await standing(stage, cloak) is None


async def member_left(stage) -> int:
    return (await rows(stage, select(Member.member_id).where(Member.left_at.is_not(None))))[0]


async def test_a_bidder_who_leads_leaves_it_to_whoever_was_given_the_right(stage, cloak):
    await bid(stage, ANNA, cloak, 20)
    await give(stage, LEAD, 100)
    await bid(stage, LEAD, cloak, 30)
    alone = Others(managers=frozenset({LEAD.user_id}))
    await void_bid(stage, LEAD, cloak, "Anna", "nobody else may", alone)
    await bid(stage, ANNA, cloak, 40)
    await grant(stage, "auctions.manage", 55)
    others = Others(managers=frozenset({LEAD.user_id}), holders={55: frozenset({BORIS.user_id})})
    with pytest.raises(OwnInterest):
        await void_bid(stage, LEAD, cloak, "Anna", "Boris could", others)
    own = Others(managers=frozenset({LEAD.user_id}), holders={55: frozenset({LEAD.user_id})})
    await void_bid(stage, LEAD, cloak, "Anna", "the only one who was", own)


async def test_a_maximum_carried_on_by_a_plain_raise_is_voided_with_it(stage, cloak) -> None:
    await bid(stage, ANNA, cloak, 60, is_maximum=True)
    await bid(stage, ANNA, cloak, 30)
    gone = await void_bid(stage, LEAD, cloak, "Anna", "mistyped")
    assert gone.price is None
    assert await money(stage, ANNA) == (100, 0)
    assert len(await told(stage, like="was voided: mistyped")) == 1
    await adds_up(stage)
