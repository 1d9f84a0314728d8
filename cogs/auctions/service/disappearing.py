"""A bid disappears: voided, retracted, its owner gone or without the right. One function finds who stands then."""

from collections.abc import Collection, Mapping

from bot import outbox, permissions
from bot.stage import Session
from cogs.auctions.rules.standing import decide_standing_after
from cogs.auctions.rules.terms import Bidders
from cogs.auctions.service import statements, words
from cogs.auctions.service.nights import already_won, won_tonight
from cogs.auctions.service.state import Locked, bid_of, lock_accounts, members_of, redraw, settle_later
from cogs.dkp.service import ledger
from db.tables import Account, Auction, Bid, Member


async def lock_bidders(session: Session, locked: Locked) -> dict[int, Account]:
    """The accounts of everybody who may be held anew, by member, in one statement."""
    return await lock_accounts(session, locked, {bid.member_id for bid in locked.open_bids})


async def take_out(
    session: Session,
    locked: Locked,
    lost: Collection[Bid],
    accounts: Mapping[int, Account],
    *,
    status: str,
    reason: str | None = None,
) -> None:
    """These bids count no more; where one that stood is among them, the best of the rest that can be held now stands.

    `accounts` are those of `lock_bidders`. Who stands again, and who was skipped, is told.
    """
    auction, before = locked.auction, locked.as_rules()
    for bid in lost:
        if bid.status == "standing":
            await ledger.release(session, accounts[bid.member_id], auction.auction_id)
        bid.status, bid.voided_reason = status, reason
    await session.flush()  # before another bid of theirs stands: one of a person's does
    redraw(session, auction)
    if before.terms.kind.is_sealed:
        return  # nobody waits for a place
    persons = await members_of(session, accounts)
    barred = await rights_lost(session, auction, persons.values())
    purses = {member: locked.purse(account) for member, account in accounts.items() if member not in barred}
    live = [bid_of(bid) for bid in locked.open_bids]
    after = decide_standing_after(before, {bid.sequence for bid in lost}, live, purses, now=session.now)
    auction.price = after.auction.price
    if after.auction.ends_at != auction.ends_at:
        auction.ends_at = after.auction.ends_at
        await settle_later(session, auction)
    rows, cause, told = {bid.sequence: bid for bid in locked.bids}, next(iter(lost)).bid_id, set[int]()
    for stands in after.again:
        row = rows[stands.sequence]
        row.status = "standing"
        await ledger.hold(session, accounts[stands.member_id], auction.auction_id, stands.most)
        text = words.you_stand_again(auction, after.auction.price or stands.amount)
        tell(session, persons[stands.member_id], f"st{cause}x{row.bid_id}", text)
        told.add(stands.member_id)
    for skipped in after.skipped:
        if skipped.member_id not in told:
            text = words.you_were_skipped(auction, skipped.most)
            tell(session, persons[skipped.member_id], f"sk{cause}x{rows[skipped.sequence].bid_id}", text)
            told.add(skipped.member_id)


def tell(session: Session, person: Member, key: str, text: str) -> None:
    """Privately, to who is still here and has a Discord account."""
    if person.discord_user_id is not None and person.left_at is None:
        outbox.send(session, key, text, user_id=person.discord_user_id)


async def rights_lost(session: Session, auction: Auction, members: Collection[Member]) -> dict[int, str]:
    """Why some of these people may no longer bid in this auction, by member; who may is left out.

    Who holds a Discord role only Discord knows (`voiding.void_bids_without_role`); attendance is asked when somebody
    bids, and not again.
    """
    ids = [member.member_id for member in members]
    here = {"this_guild": session.guild_id, "this_auction": auction.auction_id, "members": ids}
    at_raid = set(ids)
    if auction.bidders == Bidders.RAID:
        at_raid = set((await session.execute(statements.WHO_IN_RAID, here)).scalars())
    won = await won_tonight(session, auction.raid_id, ids) if auction.one_win else {}
    why: dict[int, str] = {}
    for member in members:
        # Where a role was given the right to bid, their group does not tell: only Discord knows who holds the role.
        by_group = permissions.allowed("auctions.bid", frozenset({member.role_group}))
        if member.left_at is not None:
            why[member.member_id] = "left the server"
        elif "member" in session.mapping and not by_group and not session.grants.get("auctions.bid"):
            why[member.member_id] = f"no right to bid as {member.role_group}"
        elif member.member_id not in at_raid:
            why[member.member_id] = "no longer at the raid"
        elif member.member_id in won:
            why[member.member_id] = already_won(won[member.member_id])
    return why
