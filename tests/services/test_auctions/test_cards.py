"""What the card, the list, the labels, `show` and `explain` say of an auction of each form, and to whom."""

import re
from datetime import timedelta

import pytest
from sqlalchemy import select, update

from bot.registry import Choice
from bot.stage import Actor
from cogs.auctions import service
from cogs.auctions.service import looking
from cogs.auctions.service.explaining import explain_auction
from cogs.auctions.views.board import board
from db.tables import Award, Guild, LedgerEntry, Pool
from tests.rules.test_auction_card import words
from tests.services.test_auctions.house import (
    ANNA,
    BORIS,
    CARA,
    CHANNEL,
    ITSELF,
    LEAD,
    D,
    becomes,
    bid,
    end,
    give,
    rows,
    up,
    write,
)

TIERLESS = {"kind": "sealed", "ties": "amount earliest"}


async def card(stage, auction_id: int) -> looking.Card:
    found = await stage.run(ITSELF, lambda session: looking.card_of(session, auction_id))
    assert found is not None
    return found


async def bids(stage, who: Actor, auction_id: int) -> list[str]:
    """As `/auction show` lists them to somebody, without the times."""
    lines = await stage.run(who, lambda session: looking.bids_of(session, auction_id))
    return [re.sub(r" · <t:\d+:T>", "", line) for line in lines]


async def labels(stage) -> list[str]:
    found: list[Choice] = await stage.run(LEAD, lambda session: looking.all_choices(session, ""))
    return [choice.label for choice in found]


async def listed(stage) -> list[str]:
    return [line.split(" · ends")[0] for line in await stage.run(ITSELF, looking.list_open)]


# -- open --------------------------------------------------------------------------------------------------------------


async def test_under_a_maximum_the_price_is_shown_and_the_maximum_to_its_owner_alone(stage, cloak) -> None:
    await bid(stage, ANNA, cloak, 77, is_maximum=True)
    await bid(stage, BORIS, cloak, 30)
    shown = await card(stage, cloak)
    assert shown.standing == (looking.Stands("Anna", None, D(31)),)
    assert (shown.next_bid, shown.bids) == (32, 2)
    assert await bids(stage, BORIS, cloak) == ["**31** Anna · leads", "**30** Boris · outbid"]
    assert await bids(stage, ANNA, cloak) == ["**31 up to 77** Anna · leads", "**30** Boris · outbid"]
    assert await listed(stage) == ["**Cloak of Flames** · at 31 by Anna"]
    assert await labels(stage) == ["Cloak of Flames · at 31"]


async def test_a_beaten_maximum_is_said_to_be_one_and_no_more(stage, cloak) -> None:
    await bid(stage, BORIS, cloak, 44, is_maximum=True)
    await bid(stage, ANNA, cloak, 77, is_maximum=True)
    assert await bids(stage, CARA, cloak) == ["**45** Anna · leads", "**a maximum** Boris · beaten"]
    assert "**1 up to 44** Boris · outbid" in await bids(stage, BORIS, cloak)


async def test_hidden_names_are_named_when_it_is_over(stage, clock, cloak) -> None:
    await becomes(stage, cloak, names_hidden=True)
    await bid(stage, ANNA, cloak, 10)
    await bid(stage, BORIS, cloak, 12)
    said = [words(board(await card(stage, cloak))), *await listed(stage), *await labels(stage)]
    said += await bids(stage, CARA, cloak)
    assert not [line for line in said if "Anna" in line or "Boris" in line]
    assert await bids(stage, ANNA, cloak) == ["**12** by somebody · leads", "**10** Anna · outbid"]
    await end(stage, clock, cloak)
    assert "Won by **Boris** for **12**" in words(board(await card(stage, cloak)))
    assert await bids(stage, CARA, cloak) == ["**12** Boris · won", "**10** Anna · lost"]


async def test_copies_are_shown_by_who_stands_at_what(stage, cloak) -> None:
    await becomes(stage, cloak, quantity=2)
    await bid(stage, ANNA, cloak, 20)
    assert await listed(stage) == ["**Cloak of Flames** ×2 · 1 of 2 copies bid for, next bid 1"]
    await bid(stage, BORIS, cloak, 15)
    shown = await card(stage, cloak)
    assert [(one.name, one.price) for one in shown.standing] == [("Anna", 20), ("Boris", 15)]
    assert (shown.next_bid, shown.amounts) == (16, (D(16), D(20)))
    assert await labels(stage) == ["Cloak of Flames · 2 of 2 copies bid for, next bid 16"]
    assert await bids(stage, CARA, cloak) == ["**20** Anna · stands", "**15** Boris · stands"]


async def test_a_paused_auction_says_so_in_every_list(stage, cloak) -> None:
    await becomes(stage, cloak, ends_at=stage.clock.now() + timedelta(minutes=2), paused_at=stage.clock.now())
    assert (await card(stage, cloak)).left == timedelta(minutes=2)
    assert "begins at 1 · paused, 2 minutes left" in (await stage.run(ITSELF, looking.list_open))[0]
    assert await labels(stage) == ["Cloak of Flames · begins at 1 (paused)"]


async def test_what_was_taken_out_or_refused_is_said_to_whom_it_concerns(stage, cloak) -> None:
    await bid(stage, ANNA, cloak, 20)
    await bid(stage, CARA, cloak, 99)
    await service.void_bid(stage, LEAD, cloak, "Anna", "not hers to have")
    assert await bids(stage, BORIS, cloak) == ["**20** Anna · voided: not hers to have"]
    assert "**99** Cara · refused (cannot afford), seen by you alone" in await bids(stage, CARA, cloak)


# -- sealed ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["sealed", "second-price"])
async def test_a_sealed_auction_tells_the_number_of_offers_and_ones_own(stage, cloak, kind) -> None:
    await becomes(stage, cloak, kind=kind)
    assert await listed(stage) == ["**Cloak of Flames** · no offer yet, begins at 1"]
    await bid(stage, ANNA, cloak, 40)
    await bid(stage, ANNA, cloak, 41)
    await bid(stage, BORIS, cloak, 55)
    shown = await card(stage, cloak)
    assert (shown.bids, shown.standing, shown.amounts, shown.next_bid) == (2, (), (), 1)
    assert await listed(stage) == ["**Cloak of Flames** · 2 offers"]
    assert await labels(stage) == ["Cloak of Flames · 2 offers"]
    assert await bids(stage, CARA, cloak) == []
    assert await bids(stage, LEAD, cloak) == []
    assert await bids(stage, ANNA, cloak) == [
        "**41** Anna · for no character · your offer, seen by you alone",
        "**40** Anna · for no character · replaced, seen by you alone",
    ]


async def test_at_the_end_every_offer_is_shown_with_its_tier_and_what_was_paid(stage, clock, cloak) -> None:
    await becomes(stage, cloak, kind="second-price")
    await bid(stage, ANNA, cloak, 80)
    await bid(stage, BORIS, cloak, 54)
    await bid(stage, BORIS, cloak, 55)
    await end(stage, clock, cloak)
    shown = await card(stage, cloak)
    assert [(won.name, won.price) for won in shown.won] == [("Anna", 56)]
    assert "tier anyone: 2 offers; 80 against 55: the first wins." in shown.trace
    assert await bids(stage, CARA, cloak) == [
        "**80** Anna · for no character · won, for 56",
        "**55** Boris · for no character · lost",
    ]


async def test_an_offer_that_was_never_opened_stays_its_owners(stage, cloak) -> None:
    await becomes(stage, cloak, **TIERLESS)
    await bid(stage, ANNA, cloak, 40)
    await service.cancel(stage, LEAD, cloak, "wrong item")
    assert await bids(stage, BORIS, cloak) == ["**an offer** Anna · cancelled with the auction"]
    assert await bids(stage, ANNA, cloak) == ["**40** Anna · cancelled with the auction"]


SECRETS = (D("63.25"), D("71.75"), D("87.5"), D("52.25"))


def finds_secret(text: str) -> bool:
    return any(re.search(rf"(?<!\d){re.escape(format(each.normalize(), 'f'))}0?(?!\d)", text) for each in SECRETS)


@pytest.mark.parametrize("reader", [LEAD, CARA, BORIS, ITSELF])
async def test_no_secret_number_is_in_anything_others_read(stage, clock, cloak, reader) -> None:
    """An offer, a replaced one, a maximum and a lowered one of Anna's: members, a leader and the card find none."""
    await write(stage, update(Pool).values(decimals=2))
    await give(stage, ANNA, 400)
    sealed, second = await sealed_ones(stage)
    await bid(stage, ANNA, sealed, "63.25")
    await bid(stage, ANNA, second, "71.75")
    await bid(stage, ANNA, second, "63.25")
    await bid(stage, ANNA, cloak, "87.5", is_maximum=True)
    await bid(stage, ANNA, cloak, "52.25", is_maximum=True)
    await bid(stage, BORIS, cloak, 12)

    async def all_of_it(who: Actor) -> str:
        said = [str([await bids(stage, who, number) for number in (cloak, sealed, second)])]
        said += [words(board(await card(stage, number))) + str(await card(stage, number))
                 for number in (cloak, sealed, second)]  # fmt: skip
        said += await stage.run(who, looking.list_open)
        for choices in (looking.open_choices, looking.all_choices):
            said += [choice.label for choice in await stage.run(who, lambda session, of=choices: of(session, ""))]
        return "\n".join(said)

    assert not finds_secret(await all_of_it(reader))
    assert finds_secret(await all_of_it(ANNA)), "the search would find what Anna reads of her own"
    for number in (cloak, sealed, second):
        await service.close(stage, LEAD, number, "we move on")
    over = await all_of_it(reader)
    assert not re.search(r"87\.5|52\.25|71\.75", over), "a maximum and a replaced offer stay secret for ever"
    assert "63.25" in over


async def sealed_ones(stage) -> tuple[int, int]:
    return await up(stage, "Ring", kind="sealed"), await up(stage, "Orb", kind="second-price")


# -- afterwards --------------------------------------------------------------------------------------------------------


async def test_the_card_follows_an_award_that_is_reassigned_and_undone(stage, clock, cloak) -> None:
    await bid(stage, ANNA, cloak, 20)
    await end(stage, clock, cloak)
    clock.moment += timedelta(minutes=5)
    asked = await stage.run(
        LEAD, lambda session: service.preview_reassign(session, cloak, "Boris", "it was his", D(15))
    )
    await service.reassign(stage, LEAD, cloak, asked.award_id, asked.to_member_id, asked.cost, asked.reason, CHANNEL)
    assert "~~Won by Anna for 20~~ reassigned to **Boris** for **15**" in words(board(await card(stage, cloak)))
    assert await bids(stage, CARA, cloak) == ["**20** Anna · won"]


async def test_two_copies_keep_their_awards_apart(stage, clock, cloak) -> None:
    await becomes(stage, cloak, quantity=2)
    await bid(stage, ANNA, cloak, 20)
    await bid(stage, BORIS, cloak, 15)
    await end(stage, clock, cloak)
    clock.moment += timedelta(minutes=5)
    asked = await stage.run(
        LEAD, lambda session: service.preview_reassign(session, cloak, "Cara", "not his", D(5), "Boris")
    )
    await service.reassign(stage, LEAD, cloak, asked.award_id, asked.to_member_id, asked.cost, asked.reason, CHANNEL)
    text = words(board(await card(stage, cloak)))
    assert "**2 of 2 copies** won\n**Anna** for **20**\n~~Boris for 15~~ reassigned to **Cara** for **5**" in text


async def test_what_nobody_bid_on_shows_to_whom_it_was_given(stage, clock, cloak) -> None:
    await becomes(stage, cloak, without_bid="given")
    await end(stage, clock, cloak)
    assert (await card(stage, cloak)).is_to_be_given
    await service.give(stage, LEAD, cloak, "Cara")
    shown = await card(stage, cloak)
    assert "Nobody bid · given to **Cara**" in words(board(shown))
    assert not shown.is_to_be_given


async def test_the_card_has_the_guilds_link_and_what_the_item_went_for(stage, clock, cloak) -> None:
    await bid(stage, ANNA, cloak, 20)
    await end(stage, clock, cloak)

    async def set_link(session) -> None:
        (await session.get(Guild, session.guild_id)).item_link = "https://wiki.example/{item}"

    await stage.run(ITSELF, set_link)
    again = await service.start(stage, LEAD, "cloak of flames", channel_id=CHANNEL)
    shown = await card(stage, again.started[0].auction_id)
    assert shown.item_url == "https://wiki.example/cloak%20of%20flames"
    assert shown.price_line == "Went for 20 the one time it was sold"


async def explained(stage, auction_id: int) -> list[str]:
    [award] = await rows(stage, select(Award).where(Award.auction_id == auction_id))
    [entry] = await rows(stage, select(LedgerEntry).where(LedgerEntry.entry_id == award.entry_id))
    lines = await stage.run(CARA, lambda session: explain_auction(session, entry))
    return [re.sub(r"<t:\d+:.>", "then", line) for line in lines]


async def test_an_entry_tells_the_price_and_no_maximum(stage, clock, cloak) -> None:
    await bid(stage, ANNA, cloak, 77, is_maximum=True)
    await bid(stage, BORIS, cloak, 30)
    await end(stage, clock, cloak)
    assert await explained(stage, cloak) == [
        "Auction of **Cloak of Flames**, ended then.",
        "The winning price: 31, with a bid placed then.",
        "2 bids by 2 people; the minimum was 1.",
        "2 people bid. 31: the best bid, at most one increment over the next best.",
    ]


async def test_an_entry_of_a_sealed_auction_tells_the_offer_the_price_and_why(stage, clock, cloak) -> None:
    await becomes(stage, cloak, kind="second-price", ties="amount earliest")
    await bid(stage, ANNA, cloak, 79)
    await bid(stage, ANNA, cloak, 80)
    await bid(stage, BORIS, cloak, 55)
    await end(stage, clock, cloak)
    assert await explained(stage, cloak) == [
        "Second-price auction of **Cloak of Flames**, ended then.",
        "The winning price: 56, with an offer of 80 placed then.",
        "2 offers; the minimum was 1.",
        "2 offers; 80 against 55: the first wins.",
        "The best losing offer was 55: 55 + 1 = 56, at most the own offer.",
    ]
