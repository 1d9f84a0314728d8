"""Auctions: an item is put up, people bid points, the highest bid at the end pays.

An auction is *open*, then *won*, *no_bids* or *cancelled*; open, it may be paused. A bid is *standing*, *outbid*,
*replaced*, *refused*, *retracted*, *voided*, and at the end *won*, *lost* or *cancelled*. What stands is held: one hold
a member and auction, placed, moved, released and captured in the transaction of the bid it backs, so the same points
never back two bids. An award is one copy's; taken from one and given to another, it is undone and another recorded.
The order of bids is the order of locks, kept as `sequence`; the end is kept as due work and moves with `ends_at`.
"""

from datetime import datetime
from decimal import Decimal
from functools import partial
from typing import TYPE_CHECKING

from bot.kit.text import points, safe, when
from bot.registry import AuditLine, Notice
from cogs.auctions import cog, jobs, service
from cogs.auctions.service import looking, personal
from cogs.auctions.service.explaining import explain_auction
from cogs.auctions.service.notices import OUTBID, WON
from cogs.auctions.views import board, giving, overview, panel

if TYPE_CHECKING:
    from bot.app import Quartermaster

_LONG = "in auctions over ten minutes"
"""When a notice comes to who has not chosen (`rules.bidding.NOTICES_OVER`)."""
_SENTENCES = {
    "auctions.bid.placed": "{about} bid {price} on {item}",
    "auctions.maximum.placed": "{about} bid on {item} with a maximum; it is at {price}",
    "auctions.offer.placed": "{about} made an offer on {item}",
    "auctions.bid.voided": "{actor} voided {about}'s bid of {price} on {item}",
    "auctions.maximum.voided": "{actor} voided {about}'s maximum on {item}",
    "auctions.offer.voided": "{actor} voided {about}'s offer on {item}",
    "auctions.bid.retracted": "{about} took back what they bid on {item}",
    "auctions.paused": "{actor} paused {item}",
    "auctions.resumed": "{actor} went on with {item}, until {ends_at}",
    "auctions.closed": "{actor} closed {item}",
    "auctions.extended": "{actor} gave {item} more time, until {ends_at}",
    "auctions.extended_paused": "{actor} gave {item} more time while it is paused",
    "auctions.cancelled": "{actor} cancelled {item}",
    "auctions.won": "{about} won {item} for {price}",
    "auctions.reassigned": "{actor} gave {item} to {about} instead, for {price}",
    "auctions.ended_without_bids": "Nobody bid on {item}",
    "auctions.time_given_back": "{item} got its time back after I was away, until {ends_at}",
}


def _sentence(template: str, line: AuditLine) -> str:
    words = {name: _word(name, value) for name, value in {**line.before, **line.after}.items()}
    because = f" ({safe(line.reason)})" if line.reason else ""
    return template.format(**words, actor=line.actor, about=line.about) + because


def _started(line: AuditLine) -> str:
    """Rows from before there were forms have no kind."""
    new = line.after
    copies = f" ×{new['quantity']}" if new.get("quantity", 1) > 1 else ""
    kind = f", {new['kind']}" if "kind" in new else ""
    return f"{line.actor} put up {safe(new['item'])}{copies}{kind}, from {points(Decimal(str(new['minimum'])))}"


def _word(name: str, value: object) -> str:
    if name in ("price", "minimum") and value is not None:
        return points(Decimal(str(value)))
    if name == "ends_at" and value is not None:
        return when(datetime.fromisoformat(str(value)), "T")
    return safe(str(value))


async def setup(bot: "Quartermaster") -> None:
    registry = bot.stage.registry
    registry.due[service.SETTLE] = jobs.settle_due
    registry.explain["auction"] = explain_auction
    registry.boards |= {"auction": board.AuctionBoard(), "auction_batch": overview.BatchBoard()}
    registry.doctor["auctions"] = looking.problems
    registry.exports["bids"] = personal.export_bids
    registry.forget.append(personal.forget)
    registry.forget_refusals.append(personal.refuse_forgetting)
    registry.notices[OUTBID] = Notice("being outbid", by_default=_LONG)
    registry.notices[WON] = Notice("winning an auction", by_default=_LONG)
    registry.leavers.append(service.void_bids_without_right)
    registry.rights_lost.append(service.void_bids_without_right)
    registry.outages.append(service.after_outage)
    registry.cancelled_raids.append(service.cancel_auctions_of_raid)
    registry.sentences |= {action: partial(_sentence, template) for action, template in _SENTENCES.items()}
    registry.sentences["auctions.started"] = _started
    registry.my_points.append(panel.my_part)
    bot.add_buttons(panel.BidNow, panel.Other, panel.Maximum, panel.Offer, panel.Correct, panel.AllIn, panel.Retract)
    bot.add_buttons(panel.RetractNow, panel.Back, panel.MyPoints, panel.Answer, panel.CheckIn, panel.ForCharacter)
    bot.add_buttons(giving.Give, overview.BidOn)
    await bot.add_cog(cog.Auctions(bot))
