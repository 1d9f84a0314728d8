"""Nobody gets it: cancelled by a leader, or because its raid was."""

from sqlalchemy import select

from bot import audit, outbox
from bot.stage import Actor, Session, Stage, use_case
from cogs.auctions.rules.terms import Status
from cogs.auctions.service import words
from cogs.auctions.service.ending.shutting import shut
from cogs.auctions.service.interest import Others, lock_for_leader
from cogs.auctions.service.state import Locked, lock, lock_accounts, members_of
from cogs.dkp.rules import check_reason
from cogs.dkp.service import ledger
from db.tables import Auction


@use_case("auctions.manage")
async def cancel(session: Session, auction_id: int, reason: str, others: Others = Others()) -> str:
    """Holds are released and the bidders told. Answers with the item's name."""
    reason = check_reason(reason)
    locked = await lock_for_leader(session, auction_id, others)
    await cancel_locked(session, locked, reason)
    return locked.auction.item_name


async def cancel_locked(session: Session, locked: Locked, reason: str) -> None:
    """Cancel an open auction that is locked, whoever or whatever cancels it."""
    auction = locked.auction
    bidders = {bid.member_id for bid in locked.open_bids}
    for bid in locked.open_bids:
        bid.status = "cancelled"
    accounts = await lock_accounts(session, locked)
    await ledger.release_all(session, accounts.values(), auction.auction_id)
    auction.cancel_reason = reason
    people = await members_of(session, bidders)
    told = [person.discord_user_id for person in people.values() if person.discord_user_id and not person.left_at]
    pinged = sorted(told)[: words.MOST_PINGED]
    if pinged or auction.auction_batch_id is None:  # a batch's summary says it, but who bid is told now
        outbox.send(
            session,
            f"nosale{auction.auction_id}",
            words.cancelled(auction, reason, pinged),
            channel_id=auction.channel_id,
            mention=pinged,
        )
    after = {"item": auction.item_name}
    audit.record(session, "auctions.cancelled", target_id=auction.auction_id, after=after, reason=reason)
    await shut(session, auction, Status.CANCELLED)


def raid_reason(reason: str | None) -> str:
    return f"its raid was cancelled ({reason})" if reason else "its raid was cancelled"


async def cancel_auctions_of_raid(stage: Stage, guild_id: int, raid_id: int, reason: str) -> None:
    """The raid was cancelled: so are its open auctions, a transaction an auction. Twice does nothing."""

    async def find(session: Session) -> list[int]:
        query = (
            select(Auction.auction_id)
            .where(Auction.guild_id == session.guild_id, Auction.raid_id == raid_id, Auction.status == "open")
            .order_by(Auction.auction_id)
        )
        return list((await session.execute(query)).scalars())

    async def work(session: Session, auction_id: int) -> None:
        locked = await lock(session, auction_id)
        if locked.auction.status == Status.OPEN and locked.raid is not None and locked.raid.status == "cancelled":
            await cancel_locked(session, locked, raid_reason(reason))

    itself = Actor.itself(guild_id)
    for auction_id in await stage.run(itself, find):
        await stage.run(itself, lambda session, number=auction_id: work(session, number))
