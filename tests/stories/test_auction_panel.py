"""The private panel of each auction form, as its owner presses it, and what nobody else reads."""

import json
import re
from typing import Any

import discord
import pytest
from sqlalchemy import select, update

from bot.stage import Actor
from db.tables import Auction, Bid, Guild
from tests.stories.conftest import Night, said, text_of
from tests.stories.test_auction_doors import board, buttons, up, with_points


@pytest.fixture
async def anna(night: Night):
    return await with_points(night, "anna", 430)


@pytest.fixture
async def boris(night: Night):
    return await with_points(night, "boris", 300)


async def becomes(night: Night, table: type[Auction] | type[Guild] = Auction, **columns: Any) -> None:
    """What `/auction start` and `/settings auctions` set: on the latest auction, or the guild."""

    async def work(session) -> None:
        change = update(table).where(table.guild_id == session.guild_id)
        if table is Auction:
            latest = select(Auction.auction_id).order_by(Auction.auction_id.desc()).limit(1).scalar_subquery()
            change = change.where(Auction.auction_id == latest)
        await session.execute(change.values(**columns))
        for auction_id in (await session.execute(select(Auction.auction_id))).scalars():
            session.redraw("auction", auction_id)

    await night.stage.run(Actor.itself(night.guild.id), work)
    await night.settle()


async def statuses(night: Night) -> list[str]:
    async def look(session) -> list[str]:
        return list((await session.execute(select(Bid.status).order_by(Bid.sequence))).scalars())

    return await night.stage.run(Actor.itself(night.guild.id), look)


async def held(night: Night, who) -> str:
    """The owner's own line of points."""
    return said(await night.types(who, "dkp balance"))


def given_back(form) -> str | None:
    """What a form's field begins with."""
    return json.loads(json.dumps(form.modal))["components"][0]["components"][0].get("value")


def panel_text(panel) -> str:
    return text_of(panel.response.message)


def told_to(night: Night, *, but: Any) -> str:
    """All that left the bot for anybody but one person, as it was sent."""
    backend = night.env.backend
    mine = []
    for request in night.env.http_requests:
        tokens = [part for part in request.path.split("/") if part in backend.interaction_tokens]
        readers = {backend.interactions[backend.interaction_tokens[token]].user_id for token in tokens}
        if readers != {but.id}:
            mine.append(json.dumps(request.json, ensure_ascii=False, default=str))
    return "\n".join(mine)


async def everybody_looks(night: Night, *others: Any) -> None:
    """At what they can: the card, the auction, their own panel and points, the owner's balance, the audit."""
    for who in (night.officer, *others):
        await night.presses(who, board(night), "My points")
        for command, options in (
            ("auction show", {"auction": "Cloak of Flames"}),
            ("auction list", {}),
            ("dkp balance", {"member": "anna"}),
            ("dkp standings", {}),
        ):
            await night.types(who, command, **options)
    await night.types(night.officer, "audit search")


# --- maxima -----------------------------------------------------------------------------------------------------------


async def test_a_maximum_is_set_raised_and_lowered_in_one_panel_and_read_by_its_owner_alone(night, anna, boris):
    card = await up(night)
    panel = await night.presses(anna, card, "My points")
    assert panel_text(panel).startswith("Nobody has bid on **Cloak of Flames** yet: it begins at 1. It ends")
    assert buttons(panel.response.message) == ["Bid next: 1", "Other…", "Max…"]

    form = await night.presses(anna, panel.response, "Max…")
    assert given_back(form) is None
    await night.fills(anna, form, amount="173")
    assert "You lead **Cloak of Flames** at 1, up to 173" in panel_text(panel)
    assert "**1** · anna leads" in text_of(board(night))
    assert "You can spend **257** (430 minus 173 held)" in await held(night, anna)

    form = await night.presses(anna, panel.response, "Max…")
    assert given_back(form) == "173", "it is their own"
    await night.fills(anna, form, amount="287")
    assert "up to 287" in panel_text(panel)

    answered = await night.presses(boris, board(night), "Bid 2")
    assert "Answered by an earlier maximum: **Cloak of Flames** is at 3, the next bid is 4." in said(answered)
    assert buttons(answered.response.message) == ["Bid next: 4", "Other…", "Max…", "Retract"]

    await everybody_looks(night, boris)

    form = await night.presses(anna, panel.response, "Max…")
    await night.fills(anna, form, amount="2")
    assert "is at 3: your maximum can be 3 or more" in panel_text(panel)
    assert buttons(panel.response.message) == ["Bid next: 4", "Other…", "Correct it"]
    again = await night.presses(anna, panel.response, "Correct it")
    assert given_back(again) == "2"
    await night.fills(anna, again, amount="3")
    assert "You can spend 427 (430 minus 3 held)" in panel_text(panel)

    others = told_to(night, but=anna)
    assert "is at 3" in others
    assert not re.findall(r"\b(?:173|287|257|143)(?:00)?\b", others)


async def test_a_maximum_is_bid_by_command_too(night, anna, boris):
    await up(night)
    told = await night.types(anna, "auction bid", auction="Cloak of Flames", amount=80, maximum=True)
    assert "You lead **Cloak of Flames** at 1, up to 80" in said(told)
    refused = await night.types(boris, "auction bid", auction="Cloak of Flames", amount=900, maximum=True)
    assert "You can spend 300. The next bid is 2." in said(refused)
    form = await night.presses(boris, refused.response, "Correct it")
    assert form.modal is not None
    assert form.modal["title"] == "Max bid"
    assert given_back(form) == "900"


async def test_what_was_typed_and_cannot_be_paid_is_given_back(night, anna):
    card = await up(night)
    panel = await night.presses(anna, card, "My points")
    await night.fills(anna, await night.presses(anna, panel.response, "Other…"), amount="400")
    assert "400 is more than twice" in panel_text(panel)
    assert buttons(panel.response.message) == ["Bid 400", "Correct it", "Back"]
    await night.presses(anna, panel.response, "Back")
    await night.fills(anna, await night.presses(anna, panel.response, "Other…"), amount="431")
    assert "You can spend 430. The next bid is 1." in panel_text(panel)
    assert buttons(panel.response.message) == ["Bid next: 1", "Correct it", "Max…"]
    form = await night.presses(anna, panel.response, "Correct it")
    assert given_back(form) == "431"
    await night.fills(anna, form, amount="2")
    assert "You lead **Cloak of Flames** at 2" in panel_text(panel)


# --- all in -----------------------------------------------------------------------------------------------------------


async def test_all_in_is_there_where_the_guild_wants_it_and_asks_once(night, anna):
    card = await up(night)
    panel = await night.presses(anna, card, "My points")
    assert not [label for label in buttons(panel.response.message) if "All in" in label]
    await becomes(night, Guild, auction_all_in=True)
    await night.presses(anna, card, "My points")
    assert "All in: 430" in buttons(panel.response.message)
    await night.presses(anna, panel.response, "All in: 430")
    assert "**All in**: bid all 430, everything you can spend?" in panel_text(panel)
    assert buttons(panel.response.message) == ["Bid 430", "Back"]
    assert "No bid yet" in text_of(board(night))
    await night.presses(anna, panel.response, "Back")
    assert "Bid next: 1" in buttons(panel.response.message)
    await night.presses(anna, panel.response, "All in: 430")
    await night.presses(anna, panel.response, "Bid 430")
    assert "You lead **Cloak of Flames** at 430. You can spend 0 (430 minus 430 held)." in panel_text(panel)
    assert buttons(panel.response.message) == ["Bid next: 431", "Other…", "Max…"]


# --- taking back ------------------------------------------------------------------------------------------------------


async def test_who_is_outbid_takes_back_what_they_bid_and_it_stands_no_more(night, anna, boris):
    card = await up(night)
    panel = await night.presses(anna, card, "Bid 1")
    assert "Retract" not in buttons(panel.response.message), "a leading bid stays by default"
    other = await night.presses(boris, board(night), "Bid 2")
    await night.presses(anna, board(night), "My points")
    assert panel_text(panel).startswith("Your 1 is outbid: **Cloak of Flames** is at 2 by boris.")
    await night.presses(anna, panel.response, "Retract")
    assert buttons(panel.response.message) == ["Take it back", "Back"]
    assert await statuses(night) == ["outbid", "standing"]
    await night.presses(anna, panel.response, "Take it back")
    assert "You took back what you bid on **Cloak of Flames**" in panel_text(panel)
    assert "Retract" not in buttons(panel.response.message)
    assert await statuses(night) == ["retracted", "standing"]
    await night.types(night.officer, "auction void", auction="Cloak of Flames", member="boris", reason="left us")
    assert "No bid yet" in text_of(board(night)), other


async def test_a_leading_bid_is_taken_back_where_the_guild_allows_it(night, anna, boris):
    card = await up(night)
    await becomes(night, retract="always")
    await night.presses(anna, card, "Bid 1")
    panel = await night.presses(boris, board(night), "Bid 2")
    await night.presses(boris, panel.response, "Retract")
    await night.presses(boris, panel.response, "Take it back")
    assert "**Cloak of Flames** is at 1 by anna" in panel_text(panel)
    assert "**1** · anna leads" in text_of(board(night))


# --- sealed -----------------------------------------------------------------------------------------------------------


async def test_a_sealed_offer_is_made_changed_and_taken_back_and_nobody_else_reads_it(night, anna, boris):
    card = await up(night, minimum=10)
    await becomes(night, kind="sealed")
    card = board(night)
    panel = await night.presses(anna, card, "My points")
    assert "Nobody has made an offer on **Cloak of Flames** yet: offers begin at 10." in panel_text(panel)
    assert buttons(panel.response.message) == ["Offer…"]
    await night.fills(anna, await night.presses(anna, panel.response, "Offer…"), amount="155")
    assert "Your offer of 155 on **Cloak of Flames** is in" in panel_text(panel)
    assert buttons(panel.response.message) == ["Change offer…", "Retract"]

    told = await night.types(boris, "auction bid", auction="Cloak of Flames", amount=20)
    assert "Your offer of 20" in said(told)
    await night.presses(anna, card, "My points")
    assert "Your offer on **Cloak of Flames** is 155 (2 offers in all)." in panel_text(panel)

    await everybody_looks(night, boris)

    form = await night.presses(anna, panel.response, "Change offer…")
    assert given_back(form) == "155"
    await night.fills(anna, form, amount="9")
    assert "begin at 10" in panel_text(panel)
    form = await night.presses(anna, panel.response, "Correct it")
    assert form.modal is not None
    assert form.modal["title"] == "Make an offer"
    await night.fills(anna, form, amount="122")
    assert "Your offer of 122" in panel_text(panel)

    await night.presses(anna, panel.response, "Retract")
    assert "take back your offer?" in panel_text(panel)
    await night.presses(anna, panel.response, "Take it back")
    assert "You have made no offer on **Cloak of Flames**; 1 offer so far" in panel_text(panel)
    assert buttons(panel.response.message) == ["Offer…"]
    assert "**430**" in await held(night, anna)

    others = told_to(night, but=anna)
    assert "**2 sealed offers**" in others
    assert not re.findall(r"\b(?:155|122|275|308)(?:00)?\b", others)


async def test_an_offer_that_may_not_be_taken_back_has_no_such_button(night, anna):
    await up(night)
    await becomes(night, kind="second-price", retract="never")
    panel = await night.types(anna, "auction bid", auction="Cloak of Flames", amount=50)
    assert buttons(panel.response.message) == ["Change offer…"]
    await night.fills(anna, await night.presses(anna, panel.response, "Change offer…"), amount="40")
    assert "can only be raised here: yours of 50 stays" in panel_text(panel)


async def test_an_offer_for_an_alt_stays_the_alts(night, anna):
    for name in ("Annabell", "Annatwo"):
        await night.types(anna, "character add", name=name)
    await up(night)
    await becomes(night, kind="sealed")
    bid = {"auction": "Cloak of Flames", "amount": 50, "character": "Annatwo"}
    panel = await night.types(anna, "auction bid", **bid)
    await night.presses(anna, board(night), "My points")
    assert "Your offer on **Cloak of Flames** for Annatwo is 50" in panel_text(panel)
    [select_] = [
        item
        for item in discord.ui.View.from_message(panel.response.message).children
        if isinstance(item, discord.ui.Select)
    ]
    assert [option.label for option in select_.options if option.default] == ["Annatwo"]
    await night.fills(anna, await night.presses(anna, panel.response, "Change offer…"), amount="60")
    await night.presses(anna, board(night), "My points")
    assert "for Annatwo is 60" in panel_text(panel)


# --- copies, pauses, the end ------------------------------------------------------------------------------------------


async def test_with_copies_the_panel_says_where_one_stands_among_them(night, anna, boris):
    card = await up(night)
    await becomes(night, quantity=2)
    panel = await night.presses(anna, card, "Bid 1")
    assert "Your 1 stands for one of 2 copies" in said(panel)
    assert "Max…" not in buttons(panel.response.message)
    await night.presses(anna, board(night), "My points")
    assert "You stand on **Cloak of Flames** with 1; 1 of 2 copies are bid for." in panel_text(panel)
    await night.types(boris, "auction bid", auction="Cloak of Flames", amount=5)
    await night.presses(anna, board(night), "My points")
    assert "You stand on **Cloak of Flames** with 1; the lowest of 2 is 1." in panel_text(panel)
    cara = await with_points(night, "cara", 50)
    theirs = await night.presses(cara, board(night), "My points")
    assert "2 of 2 copies of **Cloak of Flames** are bid for; the lowest of 2 is 1." in panel_text(theirs)
    await night.presses(cara, theirs.response, "Bid next: 2")
    await night.presses(anna, board(night), "My points")
    assert panel_text(panel).startswith("Your 1 is outbid: 2 of 2 copies")


async def test_a_paused_auction_offers_no_bids_and_goes_on(night, anna):
    card = await up(night)
    panel = await night.presses(anna, card, "Bid 1")
    await night.types(night.officer, "auction pause", auction="Cloak of Flames")
    await night.presses(anna, panel.response, "Bid next: 2")
    assert "is paused with" in panel_text(panel)
    assert buttons(panel.response.message) == []
    await night.presses(anna, board(night), "My points")
    assert "You lead **Cloak of Flames** at 1. It is paused with 3 minutes left." in panel_text(panel)
    await night.types(night.officer, "auction resume", auction="Cloak of Flames")
    await night.presses(anna, board(night), "My points")
    assert "Bid next: 2" in buttons(panel.response.message)


async def test_after_the_end_the_panel_says_what_came_of_it(night, anna, boris):
    card = await up(night)
    await becomes(night, Guild, auction_all_in=True)
    hers = await night.presses(anna, card, "Bid 1")
    his = await night.presses(boris, board(night), "My points")
    for who, panel, all_in in ((anna, hers, "All in: 430"), (boris, his, "All in: 300")):
        await night.presses(who, panel.response, all_in)
    await night.wait(181)
    await night.wait(2)
    for who, panel, says in ((anna, hers, "You have {} for 1."), (boris, his, "{} is over: it went to anna for 1.")):
        await night.presses(who, panel.response, "Back")
        assert says.format("**Cloak of Flames**") in panel_text(panel)
        assert buttons(panel.response.message) == []


async def test_every_button_of_a_panel_works_after_a_restart(night, anna, boris):
    card = await up(night, duration="1h")
    await becomes(night, Guild, auction_all_in=True)
    panel = await night.presses(anna, card, "Bid 1")
    await night.presses(boris, board(night), "Bid 2")
    await night.presses(anna, board(night), "My points")
    await night.presses(anna, panel.response, "Retract")
    await night.restart()
    await night.presses(anna, panel.response, "Take it back")
    assert "You took back" in panel_text(panel)
    assert buttons(panel.response.message) == ["Bid next: 3", "Other…", "Max…", "All in: 430"]
    await night.presses(anna, panel.response, "All in: 430")
    await night.restart()
    await night.presses(anna, panel.response, "Bid 430")
    assert "You lead **Cloak of Flames** at 430" in panel_text(panel)
    form = await night.presses(boris, board(night), "Other…")
    await night.restart()
    assert "You can spend 300" in said(await night.fills(boris, form, amount="431"))
