"""Auctions as a card shows them, one of each form: what the README's picture is of. Data only."""

from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal

from cogs.auctions.rules.bidding import bid_amounts
from cogs.auctions.rules.terms import Bidders, Kind, Status, Terms, Tie, WithoutBid
from cogs.auctions.service.looking import Card, HouseRules, Stands, Won

_RAID = HouseRules(Bidders.RAID, None, None, False, None, WithoutBid.ROTS, False)


def cards(now: datetime, role_id: int) -> list[Card]:
    """Open, sealed, several copies, second price; paused and over."""
    gwyl = Won("Gwyl", "Gwylan", Decimal(31), "auction", None)
    return [
        example(
            now,
            "Cloak of Silver Eyes",
            Terms(minimum=Decimal(40), increment=Decimal(5)),
            price_line="Went for 40 to 95 lately, median 62 (7 sold), last 70",
            item_url="https://wiki.example/Cloak%20of%20Silver%20Eyes",
            standing=(Stands("Sable", "Sablewing", Decimal(55)),),
            bids=4,
            next_bid=Decimal(60),
            note="Cloth, leather and chain.",
        ),
        example(
            now,
            "Eye of the Dragon Lord",
            Terms(kind=Kind.SEALED, minimum=Decimal(80)),
            price_line="Went for 120 to 160 lately, median 140 (2 sold), last 160",
            bids=3,
            next_bid=Decimal(80),
            ends_at=now + timedelta(hours=20),
            rules=replace(_RAID, bidders=Bidders.ATTENDANCE, percent=30, one_win=True),
        ),
        example(
            now,
            "Ring of First Leaf",
            Terms(quantity=3, minimum=Decimal(10), increment=Decimal(1)),
            standing=(Stands("Hroth", "Hrothgart", Decimal(22)), Stands("Nettle", "Nettlesong", Decimal(15))),
            bids=5,
            next_bid=Decimal(10),
        ),
        example(
            now,
            "Tunare's Thorn",
            Terms(kind=Kind.SECOND_PRICE, minimum=Decimal(45), increment=Decimal(5), ties=(Tie.AMOUNT, Tie.ROLL)),
            bids=0,
            next_bid=Decimal(45),
            rules=replace(_RAID, bidders=Bidders.ROLE, role_id=role_id, without_bid=WithoutBid.BANK),
        ),
        example(
            now,
            "Spear of the Avatar",
            Terms(minimum=Decimal(70), increment=Decimal(5), steps=((Decimal(100), Decimal(10)),)),
            standing=(Stands(None, None, Decimal(120)),),
            bids=9,
            next_bid=Decimal(130),
            left=timedelta(minutes=2),
            rules=replace(_RAID, names_hidden=True),
        ),
        example(
            now,
            "Crown of Narandi's Heir",
            Terms(kind=Kind.SEALED, minimum=Decimal(50)),
            status=Status.WON,
            bids=3,
            next_bid=Decimal(50),
            won=(Won("Cadoc", "Cadocyn", Decimal(55), "auction", None),),
            trace=("tier main: 2 offers; 55 against 55; 30-day attendance 82 % (14 of 17) against 64.7 % (11 of 17):"
                   " the first wins.",),
        ),
        example(
            now,
            "Belt of Frozen Iron",
            Terms(quantity=2, minimum=Decimal(25)),
            status=Status.WON,
            bids=6,
            next_bid=Decimal(25),
            won=(
                Won("Odell", "Odellio", Decimal(40), "auction", None),
                replace(gwyl, before=Won("Perrin", "Perrinth", Decimal(31), "auction", "")),
            ),
            trace=("4 people bid for 2 copies: the highest bids stood, and each pays their own.",),
        ),
        example(
            now,
            "Kromzek War Banner",
            Terms(minimum=Decimal(15)),
            status=Status.NO_BIDS,
            next_bid=Decimal(15),
            rules=replace(_RAID, without_bid=WithoutBid.GIVEN),
        ),
    ]  # fmt: skip


def example(now: datetime, item: str, terms: Terms, **more: object) -> Card:
    next_bid = more["next_bid"]
    assert isinstance(next_bid, Decimal)
    usual = {
        "auction_id": 1,
        "item_name": item,
        "item_url": None,
        "price_line": None,
        "note": None,
        "status": Status.OPEN,
        "terms": terms,
        "rules": _RAID,
        "standing": (),
        "bids": 0,
        "amounts": () if terms.kind.is_sealed else bid_amounts(next_bid, terms.step_at(next_bid)),
        "pool": "DKP",
        "raid": "Temple of Veeshan",
        "extensions": 0,
        "started_at": now,
        "ends_at": now + timedelta(minutes=3),
        "left": None,
        "time_given_back": False,
        "closed_at": now,
        "reason": None,
        "won": (),
        "trace": (),
        "channel_id": 1,
        "message_id": None,
    }
    return Card(**(usual | more))  # type: ignore[arg-type]
