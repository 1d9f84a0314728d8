"""After the end: an award goes to somebody else, or what nobody bid on is given away."""

from dataclasses import dataclass
from decimal import Decimal
from typing import ClassVar

from sqlalchemy import select

from bot import audit, people
from bot.kit.text import clip, points, safe
from bot.refusals import NotFound, Refused
from bot.stage import Session, use_case
from bot.typed import parse_amount
from cogs.auctions.rules.bidding import AuctionOver
from cogs.auctions.rules.terms import Status, WithoutBid
from cogs.auctions.service.state import get_auction, lock, redraw
from cogs.dkp.rules import LinkedMeanwhile, check_reason
from cogs.dkp.service import ledger
from cogs.dkp.service.adjustments import tell_own_act
from cogs.dkp.service.pools import lock_open
from cogs.loot import service as loot
from cogs.loot.rules import NOTE_LENGTH, AwardUndone, BadCost
from db.tables import Account, Auction, Award, Member, Pool


class CannotReassign(Refused):
    code: ClassVar[str] = "auctions.cannot_reassign"


class CannotGive(Refused):
    code: ClassVar[str] = "auctions.cannot_give"


@dataclass(frozen=True, slots=True)
class Reassignment:
    """What was asked for, found: `reassign` does exactly this. `follows`: who ends where, a line each."""

    auction_id: int
    award_id: int
    to_member_id: int
    cost: Decimal
    reason: str
    in_words: str
    follows: tuple[str, ...]


async def preview_reassign(
    session: Session,
    auction_id: int,
    to: str,
    reason: str,
    cost: Decimal | float | None = None,
    winner: str | None = None,
) -> Reassignment:
    """What would follow. Refuses what `reassign` would refuse; with several winners, `winner` says whose it is."""
    auction, reason = await get_auction(session, auction_id), check_reason(reason)
    awards = await _awards(session, auction)
    award = await _whose(session, auction, awards, winner)
    person = await people.get_person(session, to)
    _refuse_owner(auction, awards, person)
    pool = await lock_open(session, auction.pool_id)
    price = award.cost if cost is None else parse_amount(cost, decimals=pool.decimals)
    _check_cost(price)
    price_in_words = f" for {points(price)} {safe(pool.name)}" if price else " for nothing"
    return Reassignment(
        auction_id,
        award.award_id,
        person.member_id,
        price,
        reason,
        f"**{safe(award.item_name)}** goes from {safe(award.member_name)}, who paid {points(award.cost)},"
        f" to {safe(person.display_name)}{price_in_words}",
        tuple(await _follows(session, pool, award, person, price)),
    )


@use_case("loot.undo")
async def reassign(
    session: Session, auction_id: int, award_id: int, to_member_id: int, cost: Decimal, reason: str, here: int
) -> str:
    """Undo the award and record another of the same auction; announced once. The floor does not bind it.

    Refuses `AwardUndone` when the award was undone, or went to somebody else, since it was looked at.
    """
    reason = check_reason(reason)
    _check_cost(cost)
    locked = await lock(session, auction_id)
    auction = locked.auction
    pool = await lock_open(session, auction.pool_id)
    awards = await _awards(session, auction, lock=True)
    award = next((each for each in awards if each.award_id == award_id), None)
    if award is None:
        raise AwardUndone(f"That award of {safe(auction.item_name)} was undone already; nothing changed.")
    person = await people.get_member(session, to_member_id)
    _refuse_owner(auction, awards, person)
    accounts = await _lock_accounts(session, award, person, cost)
    undone = await loot.AwardUndo().undo(session, award.award_id, reason)
    await session.flush()  # one award of an auction stands for a person
    new = loot.NewAward(
        item_name=award.item_name,
        pool_id=pool.pool_id,
        cost=cost,
        how="auction",
        raid_id=award.raid_id,
        auction_id=auction_id,
        character=await _main_of(session, person),
        note=clip(" ".join(reason.split()), NOTE_LENGTH),
    )
    row = await loot.record_award(session, new, person, accounts)
    loot.announce(session, row, person, auction.channel_id)
    after = {"item": award.item_name, "price": cost}
    audit.record(
        session,
        "auctions.reassigned",
        target_id=auction_id,
        about=person.member_id,
        before={"price": award.cost},
        after=after,
        reason=reason,
    )
    redraw(session, auction)
    left = f": they have {points(accounts[pool.pool_id, person.member_id].balance)} now" if cost else ""
    done = f"{undone} **{safe(award.item_name)}** is {safe(person.display_name)}'s for {points(cost)}{left}."
    if session.me is not None and session.me.member_id in (award.member_id, person.member_id):
        did = f"reassigned an item of their own. {done} Reason: {safe(reason)}"
        tell_own_act(session, f"ownra{row.award_id}", did, here)
    return done


@use_case("loot.award")
async def give(session: Session, auction_id: int, who: str) -> str:
    """What nobody bid on goes to somebody for nothing, where the auction says `given`. Each copy once."""
    locked = await lock(session, auction_id)
    auction = locked.auction
    name = safe(auction.item_name)
    if locked.raid is not None and locked.raid.status == "cancelled":
        raise CannotGive(f"{safe(locked.raid.name)} was cancelled, and {name} with it.")
    if auction.status != Status.NO_BIDS or auction.without_bid != WithoutBid.GIVEN:
        raise CannotGive(f"{name} is not to be given away: record it with /loot award.")
    person = await people.get_person(session, who)
    if (why := people.why_nobody(person)) is not None:
        raise NotFound(why)
    awards = await _awards(session, auction)
    if len(awards) >= auction.quantity or any(award.member_id == person.member_id for award in awards):
        raise CannotGive(f"{name} was given to {_names(awards)} already; nothing changed.")
    new = loot.NewAward(
        item_name=auction.item_name,
        pool_id=auction.pool_id,
        cost=Decimal(0),
        how="given",
        raid_id=auction.raid_id,
        auction_id=auction_id,
        character=await _main_of(session, person),
    )
    row = await loot.record_award(session, new, person, {})
    loot.announce(session, row, person, auction.channel_id)
    redraw(session, auction)
    done = f"**{name}** goes to {safe(person.display_name)} (given)."
    if session.me is not None and session.me.member_id == person.member_id:
        did = f"gave an item to themselves. {done}"
        tell_own_act(session, f"owngv{row.award_id}", did, auction.channel_id)
    return done


async def _awards(session: Session, auction: Auction, *, lock: bool = False) -> list[Award]:
    """Those that stand; what there is after the end."""
    if auction.status == Status.OPEN:
        raise AuctionOver(f"{safe(auction.item_name)} is still up: void bids, or close or cancel it first.")
    query = (
        select(Award)
        .where(
            Award.guild_id == session.guild_id,
            Award.auction_id == auction.auction_id,
            Award.undone_at.is_(None),
        )
        .order_by(Award.award_id)
        .execution_options(populate_existing=True)
    )
    return list((await session.execute(query.with_for_update() if lock else query)).scalars())


async def _whose(session: Session, auction: Auction, awards: list[Award], winner: str | None) -> Award:
    name = safe(auction.item_name)
    if not awards:
        raise CannotReassign(f"Nobody has {name} from that auction: record who gets it with /loot award.")
    if winner is None:
        if len(awards) > 1:
            raise CannotReassign(f"{name} went to {_names(awards)}: say whose it was with the winner option.")
        return awards[0]
    person = await people.get_person(session, winner)
    for award in awards:
        if award.member_id == person.member_id:
            return award
    raise CannotReassign(f"{safe(person.display_name)} did not win {name}: it went to {_names(awards)}.")


def _refuse_owner(auction: Auction, awards: list[Award], person: Member) -> None:
    if any(award.member_id == person.member_id for award in awards):
        raise CannotReassign(f"{safe(person.display_name)} has {safe(auction.item_name)} from that auction already.")
    if (why := people.why_nobody(person)) is not None:
        raise NotFound(why)


def _check_cost(cost: Decimal) -> None:
    if cost < 0:
        raise BadCost("Nobody is paid for an item: type a cost of 0 or more.")


def _names(awards: list[Award]) -> str:
    names = [safe(award.member_name) for award in awards]
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"


async def _follows(session: Session, pool: Pool, award: Award, person: Member, cost: Decimal) -> list[str]:
    """Who gets back what, and what the new owner has then; an entry reversed before gives nothing back."""
    moves = {(pool.pool_id, person.member_id): -cost} if cost else {}
    if award.entry_id is not None and not await ledger.reversed_among(session, [award.entry_id]):
        link = (await ledger.links_of(session, [award.member_id])).get(award.member_id)
        owner = (pool.pool_id, link.to_member_id if link else award.member_id)
        moves[owner] = moves.get(owner, Decimal(0)) + award.cost
    return await ledger.what_moves_do(session, moves)


async def _lock_accounts(session: Session, award: Award, person: Member, cost: Decimal) -> dict[ledger.Key, Account]:
    """Of both, and of who absorbed the former owner, in one statement: the reversal finds them locked."""
    links = await ledger.links_of(session, [award.member_id])
    members = {award.member_id, *(link.to_member_id for link in links.values()), *([person.member_id] if cost else [])}
    accounts = await ledger.lock_accounts(session, {(award.pool_id, member_id) for member_id in members})
    if await ledger.links_of(session, [award.member_id]) != links:
        raise LinkedMeanwhile("Somebody was linked to their Discord account just now: do that again.")
    return accounts


async def _main_of(session: Session, person: Member) -> ledger.Snapshot:
    main = await people.main_of(session, person.member_id)
    return ledger.Snapshot(main.name, main.character_class, main.level) if main else ledger.Snapshot()
