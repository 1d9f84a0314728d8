"""The rules a guild sets for its auctions, and those one auction is started with: as they are typed, read and kept."""

import re
from typing import Any

import pytest

from tests.stories.conftest import Night, said, text_of


async def types(night: Night, command: str, /, **options: Any) -> str:
    return said(await night.types(night.officer, command, **options))


async def every_page(night: Night, command: str) -> str:
    result = await night.types(night.officer, command)
    words = [said(result)]
    for _ in range(int(re.findall(r"page 1 of (\d+)", words[0])[0]) - 1):
        words.append(said(await night.presses(night.officer, result.response, "Next")))
    return "\n".join(words)


def cards(night: Night) -> list[str]:
    return [text_of(message) for message in night.channel.history() if message.flags.components_v2]


async def test_a_guild_sets_its_rules_reads_them_back_and_its_auctions_have_them(night, owner):
    said_now = await types(
        night, "settings auctions", kind="sealed", steps="50:5, 100:10", ties="tier, amount, attendance, roll",
        copies_pay="lowest", one_win=True, floor="25", retract="never", without_bid="given", names="hidden",
        all_in=True, item_link="https://www.example.com/search?q={item}",
    )  # fmt: skip
    assert sorted(said_now.replace("\\", "").splitlines()) == [
        "**All-in** is on now.",
        "**Floor of bids** is 25 now.",
        "**Form of auctions** is sealed now.",
        "**Increment by price** is from 50 by 5, from 100 by 10 now.",
        "**Item site** is https://www.example.com/search?q={item} now.",
        "**One win a night** is on now.",
        "**Order of offers** is tier, amount, attendance, roll now.",
        "**Price of sealed copies** is the lowest that wins, for all now.",
        "**Taking a bid back** is never now.",
        "**What nobody bids on** is given away now.",
        "**Who is bidding** is hidden now.",
    ]
    shown = (await every_page(night, "settings show")).replace("\\", "")
    for line in (
        "**Form**: sealed · offers are secret until the end, and the highest pays it",
        "**Increment by price**: from 50 by 5, from 100 by 10 · from a price on the step is larger",
        "**Order of offers**: tier, amount, attendance, roll · in sealed forms; each decides among those",
        "**Price of sealed copies**: the lowest that wins, for all",
        "**One win a night**: on · who won something tonight bids no more",
        "**Floor of bids**: 25 · what must be left after a bid, or the pool's floor if that is more",
        "**Taking a bid back**: never · a bid stands until it is outbid",
        "**What nobody bids on**: given away · a leader says to whom",
        "**Who is bidding**: hidden until the end",
        "**All-in**: on · whether people are offered to bid all they can spend",
        "**Item site**: https://www.example.com/search?q={item} · where an item's name leads",
    ):
        assert line in shown
    assert "**Cloak** is up for sealed offers in" in await types(night, "auction start", item="Cloak")
    row = await owner.fetchrow("SELECT * FROM auction")
    assert (row["kind"], row["steps"], row["ties"]) == ("sealed", "50:5 100:10", "tier amount attendance roll")
    assert (row["copies_pay"], row["one_win"], row["floor"]) == ("lowest", True, 25)
    assert (row["retract"], row["without_bid"], row["names_hidden"]) == ("never", "given", True)
    audit = (await types(night, "audit search", action="settings: changed")).replace("\\", "")
    assert "set increment by price to from 50 by 5, from 100 by 10, before off" in audit
    assert "set item site to https://www.example.com/search?q={item}, before off" in audit
    assert "set floor of bids to 25, before the pool's" in audit


@pytest.mark.parametrize(
    ("given", "said_then"),
    [
        ({"steps": "100:10 50:5"}, "The prices of increments go up from above 100, and 50 comes after it"),
        ({"ties": "tier, attendance"}, "Offers must be ordered by amount too"),
        ({"ties": "amount, roll, wins"}, "Earliest or roll ends the order"),
        ({"item_link": "http://www.example.com/{item}"}, "begins with `https://`"),
        ({"item_link": "https://www.example.com/"}, "has `{item}` in it once"),
        ({"floor": "lots"}, "is no amount I can read"),
    ],
)
async def test_a_rule_that_makes_no_sense_is_refused_in_a_sentence_and_nothing_is_kept(night, owner, given, said_then):
    before = await owner.fetchrow("SELECT * FROM guild")
    refused = await types(night, "settings auctions", one_win=True, **given)
    assert said_then in refused
    assert len(refused.splitlines()) == 1
    assert await owner.fetchrow("SELECT * FROM guild") == before


async def test_an_auction_is_started_with_rules_of_its_own(night, owner):
    healers = night.guild.create_role("Healers")
    await night.settle()
    offered = await night.officer.autocomplete(night.channel, "auction start", "bidders", "heal")
    assert (offered[0]["name"], offered[0]["value"]) == ("@Healers", f"<@&{healers.id}>")
    answer = await types(
        night, "auction start", item="Cloak of Flames", kind="second-price", quantity=2, minimum=10, duration="2d",
        bidders=offered[0]["value"], steps="from 50 by 5", ties="amount, roll", copies_pay="lowest", one_win=True,
        floor=5, retract="always", without_bid="bank", names="hidden",
    )  # fmt: skip
    assert "**Cloak of Flames** ×2 is up for sealed offers at second price in" in answer
    row = await owner.fetchrow("SELECT *, ends_at - started_at AS lasts FROM auction")
    assert (row["kind"], row["quantity"], row["minimum"], row["lasts"].days) == ("second-price", 2, 10, 2)
    assert (row["bidders"], row["bidders_role_id"], row["bidders_percent"]) == ("role", healers.id, None)
    assert (row["steps"], row["ties"], row["copies_pay"]) == ("50:5", "amount roll", "lowest")
    assert (row["one_win"], row["floor"], row["retract"]) == (True, 5, "always")
    assert (row["without_bid"], row["names_hidden"]) == ("bank", True)
    assert "put up Cloak of Flames ×2, second-price, from 10" in await types(night, "audit search")
    posts = [request.json for request in night.env.http_requests if isinstance(request.json, dict)]
    [card] = [post for post in posts if "Cloak of Flames" in str(post.get("components")) and "allowed_mentions" in post]
    assert card["allowed_mentions"].get("parse") == []
    assert not card["allowed_mentions"].get("roles")


async def test_who_may_bid_is_offered_while_it_is_typed(night):
    night.guild.create_role("Healers")
    await night.settle()

    async def offered(typed: str) -> list[tuple[str, str]]:
        found = await night.officer.autocomplete(night.channel, "auction start", "bidders", typed)
        return [(choice["name"], choice["value"]) for choice in found]

    assert (await offered(""))[:3] == [
        ("The raid", "raid"),
        ("All members", "members"),
        ("At least 30 % attendance in 30 days", "30%"),
    ]
    assert not any("everyone" in name for name, _ in await offered(""))
    assert (await offered("45"))[0] == ("At least 45 % attendance in 30 days", "45%")
    assert (await offered("45%"))[0] == ("At least 45 % attendance in 30 days", "45%")
    orders = await night.officer.autocomplete(night.channel, "auction start", "ties", "roll")
    assert orders[0]["value"] == "amount, roll"
    ann = night.join("ann")
    await night.settle()
    assert await ann.autocomplete(night.channel, "settings auctions", "ties", "") == []


@pytest.mark.parametrize(
    ("given", "said_then"),
    [
        ({"bidders": "raid"}, "There is no raid whose people could bid"),
        ({"bidders": "Healesr"}, "does not say who may bid: did you mean @Healers?"),
        ({"floor": -5}, "A floor of -5 is lower than the pool's, which is 0"),
        ({"ties": "amount, roll"}, "in an open auction the bids do it"),
        ({"quantity": 2, "copies_pay": "lowest"}, "for several copies in a sealed form"),
        ({"kind": "sealed", "snipe_window": "20s"}, "Late offers give no time in a sealed auction"),
        ({"duration": "8d"}, "10s to 7d"),
    ],
)
async def test_an_auction_that_makes_no_sense_is_refused_and_not_started(night, owner, given, said_then):
    night.guild.create_role("Healers")
    await night.settle()
    refused = await types(night, "auction start", item="Cloak", **given)
    assert said_then in refused
    assert len(refused.splitlines()) == 1
    assert await owner.fetchval("SELECT count(*) FROM auction") == 0


async def test_a_second_auction_of_several_copies_is_asked_about_with_their_number(night):
    await night.types(night.officer, "raid start", event="Temple of Veeshan")
    await types(night, "auction start", item="Cloak", quantity=3)
    asked = await types(night, "auction start", item="cloak")
    assert "**Cloak** ×3 is already up in" in asked


async def test_a_batch_of_sealed_auctions_shows_how_many_offers_there_are_and_no_amount(night):
    await types(night, "settings auctions", kind="sealed")
    anna = night.join("anna")
    await night.settle()
    await types(night, "dkp adjust", member=anna.mention, amount=100, reason="a start")
    form = await night.types(night.officer, "auction batch")
    await night.fills(night.officer, form, lines="Cloak\nRing")
    await night.types(anna, "auction bid", auction="Ring", amount=73)
    [overview] = [card for card in cards(night) if "2 items up" in card]
    ring = overview.splitlines()[2]
    assert re.fullmatch(r"\*\*Ring\*\* · 1 offer · ends <t:\d+:R>", ring), "no name and no amount"
