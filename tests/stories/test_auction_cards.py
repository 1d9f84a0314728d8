"""The card of each form as people see it in the channel, from the start to the result."""

import re

import pytest

from tests.stories.conftest import Night, said, text_of
from tests.stories.test_auction_doors import board, buttons, with_points


@pytest.fixture
async def anna(night: Night):
    return await with_points(night, "anna", 100)


@pytest.fixture
async def boris(night: Night):
    return await with_points(night, "boris", 100)


async def up(night: Night, **terms):
    await night.types(night.officer, "auction start", item="Cloak of Flames", duration="5m", **terms)
    return board(night)


async def offers(night: Night, who, amount: int) -> str:
    form = await night.presses(who, board(night), "Offer…")
    return said(await night.fills(who, form, amount=str(amount)))


@pytest.mark.parametrize("kind", ["sealed", "second-price"])
async def test_a_sealed_auction_counts_its_offers_and_opens_them_at_the_end(night: Night, anna, boris, kind) -> None:
    card = await up(night, kind=kind, minimum=10)
    assert "No sealed offer yet · begins at **10**" in text_of(card)
    assert buttons(card) == ["Offer…", "My points"]
    assert "Your offer of 63 on **Cloak of Flames** is in; nobody sees it before it ends." in await offers(
        night, anna, 63
    )
    await offers(night, boris, 41)
    assert "**2 sealed offers**" in text_of(board(night))
    for who in (boris, night.officer):
        read = [text_of(board(night)), said(await night.types(who, "auction show", auction="Cloak of Flames"))]
        read.append(said(await night.types(who, "auction list")))
        read += [choice["name"] for choice in await who.autocomplete(night.channel, "auction show", "auction", "")]
        assert not re.search(r"(?<!\d)63(?!\d)|anna", "\n".join(read))
    assert "**63** anna" in said(await night.types(anna, "auction show", auction="Cloak of Flames"))
    await night.wait(400)
    paid = 63 if kind == "sealed" else 42
    why = "63 against 41: the first wins."
    assert f"Won by **anna** for **{paid}**" in text_of(board(night))
    assert why in text_of(board(night))
    assert buttons(board(night)) == []
    announced = text_of(night.channel.history()[-1])
    assert f"goes to {anna.mention} for **{paid}**." in announced
    assert why in announced
    shown = said(await night.types(boris, "auction show", auction="Cloak of Flames"))
    assert "**63** anna" in shown
    assert "**41** boris" in shown
    assert f"Cloak of Flames goes to anna for {paid}." in shown


async def test_several_copies_are_bid_for_won_and_pasted_in_one_line(night: Night, anna, boris) -> None:
    card = await up(night, quantity=2, minimum=10)
    assert "## Cloak of Flames ×2" in text_of(card)
    await night.presses(anna, card, "Bid 10")
    assert "**1 of 2 copies** bid for · next bid **10**" in text_of(board(night))
    await night.types(boris, "auction bid", auction="Cloak of Flames", amount=12)
    assert "1\\. **12** · boris\n2\\. **10** · anna" in text_of(board(night))
    assert buttons(board(night))[0] == "Bid 11"
    await night.wait(400)
    assert "**2 of 2 copies** won\n" in text_of(board(night))
    shown = said(await night.types(anna, "auction show", auction="Cloak of Flames"))
    assert re.search(r"Cloak of Flames: (anna for 10, boris for 12|boris for 12, anna for 10)\.", shown)


async def test_a_paused_auction_keeps_its_card_and_takes_no_bid(night: Night, anna) -> None:
    card = await up(night)
    await night.presses(anna, card, "Bid 1")
    await night.types(night.officer, "auction pause", auction="Cloak of Flames")
    assert "**Paused** · " in text_of(board(night))
    assert buttons(board(night)) == ["My points"]
    await night.types(night.officer, "auction resume", auction="Cloak of Flames")
    assert buttons(board(night))[0] == "Bid 2"


async def test_bidders_are_not_named_while_it_runs_where_names_are_hidden(night: Night, anna, boris) -> None:
    card = await up(night, names="hidden")
    await night.presses(anna, card, "Bid 5")
    assert "**5** is bid" in text_of(board(night))
    read = [text_of(board(night)), said(await night.presses(boris, board(night), "My points"))]
    read.append(said(await night.types(boris, "auction list")))
    read.append(said(await night.types(boris, "auction show", auction="Cloak of Flames")))
    assert "anna" not in "\n".join(read)
    await night.wait(400)
    assert "Won by **anna** for **5**" in text_of(board(night))


async def test_what_nobody_bid_on_is_given_from_its_card(night: Night, anna) -> None:
    await up(night, without_bid="given")
    await night.wait(400)
    assert "Nobody bid: yet to be given away" in text_of(board(night))
    assert "may" in said(await night.presses(anna, board(night), "Give it…"))
    form = await night.presses(night.officer, board(night), "Give it…")
    nobody = await night.fills(night.officer, form, member="somebody else")
    assert buttons(nobody.response.message) == ["Correct it"]
    form = await night.presses(night.officer, board(night), "Give it…")
    assert "goes to anna" in said(await night.fills(night.officer, form, member="anna"))
    assert "Nobody bid · given to **anna**" in text_of(board(night))
    assert buttons(board(night)) == []


async def test_the_item_links_to_the_guilds_site_and_tells_what_it_went_for(night: Night, anna) -> None:
    await night.types(night.officer, "settings auctions", item_link="https://wiki.example/{item}")
    await night.presses(anna, await up(night), "Bid 5")
    await night.types(night.officer, "auction close", auction="Cloak of Flames", reason="we move on")
    text = text_of(await up(night))
    assert "## [Cloak of Flames](https://wiki.example/Cloak%20of%20Flames)" in text
    assert "-# Went for 5 the one time it was sold" in text
