"""The card of an auction says what a bidder needs in each form, and holds whatever people call themselves."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import discord
import pytest

from bot.kit.text import LAYOUT_COMPONENTS, LAYOUT_TEXT
from cogs.auctions.rules.terms import TIES, Bidders, Kind, Pay, Retract, Status, Terms, Tie, WithoutBid
from cogs.auctions.service.looking import Card, HouseRules, Stands, Won
from cogs.auctions.views.board import LONGEST_URL, board
from cogs.auctions.views.show import game_line
from cogs.auctions.views.small_print import small_print
from tests.pictures.examples import cards, example

D = Decimal
AT = datetime(2026, 3, 6, 19, 0, tzinfo=UTC)
SEALED, SECOND = Terms(kind=Kind.SEALED, minimum=D(10)), Terms(kind=Kind.SECOND_PRICE, minimum=D(10))
NASTY = ["@everyone", "**b**" * 20, "[x](https://evil.example)" * 4, "שלום" * 25, "👩\u200d🚀" * 33, "`_*~|<>#:/" * 10]


def shown(terms: Terms = Terms(), **more) -> Card:
    return example(AT, "Cloak of Flames", terms, **({"next_bid": terms.minimum} | more))


def words(view: discord.ui.LayoutView) -> str:
    return "\n".join(item.content for item in view.walk_children() if isinstance(item, discord.ui.TextDisplay))


def labels(view: discord.ui.LayoutView) -> list[str | None]:
    return [item.item.label for item in view.walk_children() if isinstance(item, discord.ui.DynamicItem)]


async def test_the_item_carries_its_link_its_price_history_and_the_note() -> None:
    card = shown(item_url="https://wiki.example/Cloak%20of%20Flames", price_line="Went for 40 to 75", note="for tanks")
    head = words(board(card)).splitlines()[:3]
    assert head == ["## [Cloak of Flames](https://wiki.example/Cloak%20of%20Flames)", "-# Went for 40 to 75",
                    "> for tanks"]  # fmt: skip


async def test_an_open_auction_shows_price_leader_and_what_can_be_bid() -> None:
    view = board(shown(standing=(Stands("anna", "Annabell", D(44)),), bids=2, next_bid=D(45), amounts=(D(45), D(50))))
    assert "**44** · anna (Annabell) leads" in words(view)
    assert "2 bids" in words(view)
    assert labels(view) == ["Bid 45", "Bid 50", "Other…", "My points"]


async def test_copies_show_who_stands_at_what_and_the_next_bid() -> None:
    two = (Stands("anna", None, D(22)), Stands("boris", "Bo", D(15)))
    text = words(board(shown(Terms(quantity=3), standing=two, next_bid=D(1), amounts=(D(1), D(5)))))
    assert "## Cloak of Flames ×3" in text
    assert "**2 of 3 copies** bid for · next bid **1**\n1\\. **22** · anna\n2\\. **15** · boris (Bo)" in text


@pytest.mark.parametrize("terms", [SEALED, SECOND])
async def test_a_sealed_form_shows_how_many_offers_there_are_and_takes_more(terms: Terms) -> None:
    view = board(shown(terms, bids=3))
    assert "**3 sealed offers** · begins at **10**" in words(view)
    assert labels(view) == ["Offer…", "My points"]


async def test_bidders_are_not_named_where_names_are_hidden() -> None:
    hidden = replace(shown().rules, names_hidden=True)
    text = words(board(shown(rules=hidden, standing=(Stands(None, None, D(44)),))))
    assert "**44** is bid" in text
    assert "Bidders are named when it is over." in text


async def test_a_paused_auction_says_what_is_left_and_takes_nothing() -> None:
    view = board(shown(left=timedelta(minutes=2, seconds=5)))
    assert "**Paused** · 2 minutes 5 seconds left" in words(view)
    assert "Ends" not in words(view)
    assert labels(view) == ["My points"]


@pytest.mark.parametrize(
    ("rules", "said"),
    [
        ({"bidders": Bidders.MEMBERS}, "Open to members"),
        ({"bidders": Bidders.RAID}, "Open to who is at Temple of Veeshan"),
        ({"bidders": Bidders.ROLE, "role_id": 9}, "Open to <@&9>"),
        ({"bidders": Bidders.ATTENDANCE, "percent": 30}, "Open to who has at least 30 % attendance in 30 days"),
        ({"one_win": True}, "One win a night."),
        ({"floor": D(20)}, "20 points must be left after a bid."),
        ({"without_bid": WithoutBid.BANK}, "Without a bid it goes to the guild bank."),
        ({"without_bid": WithoutBid.GIVEN}, "Without a bid it is given to somebody."),
    ],
)
async def test_who_may_bid_and_the_house_rules_are_said(rules: dict, said: str) -> None:
    assert said in words(board(shown(rules=replace(shown().rules, **rules))))


@pytest.mark.parametrize(
    ("terms", "said"),
    [
        (Terms(), []),
        (Terms(increment=D(5)), []),
        (Terms(steps=((D(50), D(5)), (D(100), D(10)))), ["Bids go up by 1, from 50 by 5, from 100 by 10."]),
        (Terms(retract=Retract.NEVER), ["No bid can be taken back."]),
        (Terms(retract=Retract.ALWAYS), ["Even a leading bid can be taken back."]),
        (Terms(quantity=3), ["The 3 highest bids stand, one a person, and each pays their own."]),
        (
            SEALED,
            [
                "Nobody sees an offer before the end. The highest wins and pays it.",
                "Offers for a main come first, then for alts, whatever the amounts.",
            ],
        ),
        (
            replace(SECOND, ties=(*TIES[1:5], Tie.ROLL), retract=Retract.NEVER),
            [
                "Nobody sees an offer before the end. The highest wins and pays the best losing offer + 1, at most"
                " their own.",
                "Equal offers: higher 30-day attendance, then higher balance, then fewer wins in 30 days, then a roll.",
                "An offer can be raised, but not lowered or taken back.",
            ],
        ),
        (
            replace(SEALED, quantity=2, copies_pay=Pay.LOWEST, ties=(Tie.WINS, Tie.AMOUNT, Tie.EARLIEST)),
            [
                "Nobody sees an offer before the end. The 2 highest win, one a person, and all pay the lowest winning"
                " price.",
                "What decides: fewer wins in 30 days, then the higher offer, then the earlier offer.",
            ],
        ),
    ],
)
def test_only_rules_that_differ_from_the_plain_case_are_said(terms: Terms, said: list[str]) -> None:
    assert small_print(shown(terms)) == said


ANNA, BORIS = Won("anna", "Annabell", D(45), "auction", None), Won("boris", None, D(40), "auction", None)


@pytest.mark.parametrize(
    ("terms", "more", "said", "pasted"),
    [
        (
            Terms(),
            {"won": (ANNA,)},
            "Won by **anna (Annabell)** for **45**",
            "Cloak of Flames goes to Annabell for 45.",
        ),
        (
            Terms(),
            {"won": (replace(ANNA, undone="wrong item"),)},
            "~~Won by **anna (Annabell)** for **45**~~ the award was undone: wrong item",
            "Cloak of Flames: the award was undone.",
        ),
        (
            Terms(),
            {"won": (replace(BORIS, before=ANNA),)},
            "~~Won by anna (Annabell) for 45~~ reassigned to **boris** for **40**",
            "Cloak of Flames goes to boris for 40.",
        ),
        (
            Terms(quantity=3),
            {"won": (ANNA, BORIS)},
            "**2 of 3 copies** won\n**anna (Annabell)** for **45**\n**boris** for **40**",
            "Cloak of Flames: Annabell for 45, boris for 40.",
        ),
        (Terms(), {"status": Status.NO_BIDS}, "Over: nobody bid", "Cloak of Flames: nobody bid."),
        (
            Terms(),
            {"status": Status.NO_BIDS, "rules": replace(shown().rules, without_bid=WithoutBid.BANK)},
            "Nobody bid: it goes to the guild bank",
            "Cloak of Flames: nobody bid, it goes to the guild bank.",
        ),
        (
            Terms(),
            {"status": Status.NO_BIDS, "won": (Won("cara", None, D(0), "given", None),)},
            "Nobody bid · given to **cara**",
            "Cloak of Flames goes to cara.",
        ),
    ],
)
async def test_the_outcome_is_what_became_of_the_awards(terms: Terms, more: dict, said: str, pasted: str) -> None:
    card = shown(terms, **({"status": Status.WON} | more))
    assert said in words(board(card))
    assert labels(board(card)) == []
    assert game_line(card) == pasted


async def test_what_is_to_be_given_has_a_button_until_the_last_copy_is_somebodys() -> None:
    given = replace(shown().rules, without_bid=WithoutBid.GIVEN)
    to_cara = Won("cara", None, D(0), "given", None)
    over = {"status": Status.NO_BIDS, "rules": given}
    assert labels(board(shown(**over))) == ["Give it…"]
    assert labels(board(shown(Terms(quantity=2), won=(to_cara,), **over))) == ["Give it…"]
    assert labels(board(shown(won=(to_cara,), **over))) == []
    assert labels(board(shown(won=(replace(to_cara, undone="sorry"),), **over))) == ["Give it…"]


async def test_why_it_ended_so_stands_in_small_print_under_the_result() -> None:
    text = words(
        board(shown(SEALED, status=Status.WON, won=(ANNA,), bids=2, trace=("45 against 40: the first wins.",)))
    )
    assert "-# Why: 45 against 40: the first wins." in text
    assert "2 offers" in text


@pytest.mark.parametrize("nasty", NASTY)
@pytest.mark.parametrize("number", [1, 50])
@pytest.mark.parametrize("status", [Status.OPEN, Status.WON, Status.CANCELLED])
async def test_any_name_and_fifty_copies_fit_discords_limits(nasty: str, number: int, status: Status) -> None:
    name, many = nasty[:100], D("9999999.99")
    rules = HouseRules(Bidders.ROLE, 2**62, 100, True, many, WithoutBid.GIVEN, False)
    card = shown(
        Terms(quantity=number, minimum=many, increment=many, steps=((D(1), many),) * 20),
        item_name=name,
        item_url="https://wiki.example/?".ljust(LONGEST_URL, "x"),
        price_line="Went for 9999999.99 to 9999999.99 lately, median 9999999.99 (50 sold), last 9999999.99",
        note=(nasty * 60)[:300],
        rules=rules,
        status=status,
        standing=tuple(Stands(name[:32], name[:32], many) for _ in range(number)),
        amounts=(many, many),
        bids=10**6,
        pool=name,
        raid=name,
        extensions=20,
        time_given_back=True,
        reason=(nasty * 60)[:500],
        won=tuple(Won(name[:32], name[:32], many, "auction", "x" * 500, ANNA) for _ in range(number)),
        trace=("x" * 300,) * 5,
    )
    view = board(card)
    assert len("".join(words(view))) <= LAYOUT_TEXT
    assert view.total_children_count <= LAYOUT_COMPONENTS
    assert "@everyone" not in words(view)
    assert len(game_line(card)) <= 250


async def test_a_link_too_long_for_the_card_is_left_out() -> None:
    assert "## Cloak of Flames\n" in words(board(shown(item_url="https://wiki.example/" + "%F0" * 400)))


async def test_the_examples_of_the_picture_are_cards_of_every_form() -> None:
    forms = {(card.terms.kind, card.terms.quantity > 1, card.status) for card in cards(AT, 1)}
    assert {kind for kind, _, _ in forms} == set(Kind)
    assert {status for _, _, status in forms} >= {Status.OPEN, Status.WON, Status.NO_BIDS}
