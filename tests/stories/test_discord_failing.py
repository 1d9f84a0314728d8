"""Discord failing in the middle of an evening: it goes on, the newest state is shown, and somebody is told."""

from typing import Any

import asyncpg
import discord
import pytest
import simcord

from bot.kit import boards
from bot.stage import Actor
from tests.stories.conftest import Night, Troubles, said, text_of

NOT_ALLOWED: dict[str, Any] = {"status": 403, "code": 50013, "message": "Missing Permissions"}


class Evening:
    """A raid with Anna and Bob, who have 100 points each, and an auction in a channel of its own."""

    def __init__(self, night: Night) -> None:
        self.night = night
        self.sales = night.guild.create_text_channel("auctions")
        self.officers = night.guild.create_text_channel("officers")
        self.anna, self.bob = night.join("Anna"), night.join("Bob")

    async def begin(self) -> None:
        night, chief = self.night, self.night.officer
        await night.settle()
        await night.types(chief, "settings channels", auctions=self.sales, audit=self.officers)
        for raider in (self.anna, self.bob):
            await night.types(chief, "dkp adjust", member=raider.mention, amount=100, reason="a start")
        await night.types(chief, "auction start", item="Cloak of Flames", duration="3m")
        await night.presses(self.anna, self.card(), "Bid 1")

    def card(self, channel: Any = None) -> discord.Message:
        return self.card_of("Cloak of Flames", channel or self.sales)

    def card_of(self, words: str, channel: Any) -> discord.Message:
        cards = [m for m in channel.history() if m.flags.components_v2 and words in text_of(m)]
        assert cards, f"no card of {words} in #{channel.name}"
        return cards[-1]

    def cards(self, channel: Any) -> list[str]:
        texts = [text_of(message) for message in channel.history() if message.flags.components_v2]
        return [text for text in texts if "Cloak of Flames" in text]

    async def bids(self, who: simcord.MemberActor, amount: int) -> str:
        return said(await self.night.types(who, "auction bid", auction="Cloak of Flames", amount=amount))

    async def ends(self) -> None:
        """The time runs out, and what has to be retried is."""
        await self.night.wait(200)
        for _ in range(4):
            await self.night.wait(20)

    def told(self, channel: Any = None) -> str:
        """What a channel reads, cards left out."""
        messages = [m for m in (channel or self.officers).history() if not m.flags.components_v2]
        return "\n".join(message.content for message in messages)

    def breaks(self, method: str, channel: Any, **how: Any) -> None:
        """Requests about a channel's messages fail."""
        how = {"times": None, **how}
        for path in (f"/channels/{channel.id}/messages", f"/channels/{channel.id}/messages/*"):
            self.night.env.inject_error(method, path, **how)

    def mended(self) -> None:
        self.night.env.backend.faults.clear()

    async def deletes(self, channel: Any) -> None:
        found = self.night.bot.get_channel(channel.id)
        assert isinstance(found, discord.TextChannel)
        await found.delete()
        await self.night.env.settle()


@pytest.fixture
async def evening(night: Night) -> Evening:
    made = Evening(night)
    await made.begin()
    return made


async def won_by_bob(evening: Evening, owner: asyncpg.Connection, price: int = 7) -> None:
    """What must be true however Discord behaved: one award, paid once, nothing held."""
    assert await owner.fetchval("SELECT status FROM auction") == "won"
    rows = await owner.fetch("SELECT member_name, cost FROM award")
    assert [(row["member_name"], row["cost"]) for row in rows] == [("Bob", price)]
    accounts = {
        row["display_name"]: (row["balance"], row["held"])
        for row in await owner.fetch("SELECT * FROM account JOIN member USING (guild_id, member_id)")
    }
    assert accounts == {"Anna": (100, 0), "Bob": (100 - price, 0)}


async def test_a_deleted_board_comes_back_and_the_auction_goes_on(evening: Evening, owner: asyncpg.Connection) -> None:
    await evening.night.officer.delete(evening.card())
    assert " lead **" in await evening.bids(evening.bob, 7)
    assert "**7** · Bob leads" in text_of(evening.card())
    await evening.ends()
    await won_by_bob(evening, owner)
    assert "Won by **Bob** for **7**" in text_of(evening.card())
    assert len(evening.cards(evening.sales)) == 1


async def test_a_deleted_channel_moves_the_board_and_officers_are_told_once(
    evening: Evening, owner: asyncpg.Connection
) -> None:
    await evening.deletes(evening.sales)
    assert " lead **" in await evening.bids(evening.bob, 7)
    general = evening.night.channel
    assert "**7** · Bob leads" in text_of(evening.card(general))
    await evening.night.presses(evening.anna, evening.card(general), "Bid 8")
    await evening.bids(evening.bob, 9)
    assert len(evening.cards(general)) == 1
    await evening.night.settle()
    assert evening.told().count("is gone, so the auction board is in") == 1
    assert "`/settings channels` chooses another" in evening.told()
    await evening.ends()
    await won_by_bob(evening, owner, 9)
    assert "Cloak of Flames" in evening.told(), "the announcement had no channel, so officers have it"
    assert "the channel is gone" in evening.told()


async def test_a_board_without_permission_moves_too_and_officers_are_told_once(
    evening: Evening, owner: asyncpg.Connection
) -> None:
    evening.breaks("*", evening.sales, **NOT_ALLOWED)
    await evening.bids(evening.bob, 6)
    assert " lead **" in await evening.bids(evening.bob, 7)
    assert "**7** · Bob leads" in text_of(evening.card(evening.night.channel))
    await evening.ends()
    await won_by_bob(evening, owner)
    assert evening.told().count("does not let me post") == 1
    assert "give me View Channel and Send Messages there" in evening.told()


async def test_when_no_channel_takes_the_board_the_owner_is_told_once_and_it_comes_when_it_may(
    evening: Evening, owner: asyncpg.Connection
) -> None:
    for channel in (evening.sales, evening.officers, evening.night.channel):
        evening.breaks("*", channel, **NOT_ALLOWED)
    await evening.bids(evening.bob, 6)
    assert " lead **" in await evening.bids(evening.bob, 7)
    await evening.night.settle()
    letters = [message.content for message in evening.night.owner_user.dm_channel.history()]
    assert len([letter for letter in letters if "lets me post the auction board" in letter]) == 1
    evening.mended()
    await evening.night.bot.boards.draw_due()
    assert await owner.fetchval("SELECT status FROM auction") == "open"
    await evening.night.wait(boards.RETRY_MOST.total_seconds())
    assert len(evening.cards(evening.sales)) == 1
    await evening.ends()
    await won_by_bob(evening, owner)


@pytest.mark.parametrize("status", [429, 500, 503])
async def test_a_discord_that_fails_for_a_while_shows_the_newest_state_when_it_is_back(
    evening: Evening, owner: asyncpg.Connection, status: int
) -> None:
    evening.breaks("*", evening.sales, status=status)
    for amount in (5, 6):
        await evening.bids(evening.anna, amount)
    assert " lead **" in await evening.bids(evening.bob, 7)
    await evening.ends()
    await won_by_bob(evening, owner)
    assert "**1** · Anna leads" in text_of(evening.card()), "the card could not be edited"
    evening.mended()
    for _ in range(4):
        await evening.night.wait(300)
        await evening.night.bot.boards.draw_due()
    assert "Won by **Bob** for **7**" in text_of(evening.card())
    assert evening.told(evening.sales).count("** goes to <@") == 1
    assert len(evening.cards(evening.sales)) == 1


async def test_closed_direct_messages_become_a_mention_for_who_was_outbid(
    evening: Evening, owner: asyncpg.Connection
) -> None:
    evening.night.env.inject_error("POST", "/users/@me/channels", status=403, code=50007, times=None)
    await evening.bids(evening.bob, 7)
    await evening.ends()
    await won_by_bob(evening, owner)
    states = {row["status"] for row in await owner.fetch("SELECT status FROM outbox")}
    assert states == {"sent"}
    if await owner.fetchval("SELECT count(*) FROM outbox WHERE user_id = $1", evening.anna.id):
        assert evening.anna.mention in evening.told(evening.sales)


async def test_a_bidder_who_leaves_the_server_holds_up_nothing(evening: Evening, owner: asyncpg.Connection) -> None:
    await evening.bids(evening.bob, 7)
    evening.night.guild.remove_member(evening.bob)
    await evening.night.settle()
    await evening.night.settle()
    assert "**1** · Anna leads" in text_of(evening.card())
    await evening.ends()
    rows = await owner.fetch("SELECT member_name, cost FROM award")
    assert [(row["member_name"], row["cost"]) for row in rows] == [("Anna", 1)]
    assert await owner.fetchval("SELECT count(*) FROM outbox WHERE status IN ('pending', 'sending')") == 0


async def test_a_notice_for_somebody_gone_is_told_to_officers_instead(evening: Evening) -> None:
    from bot import outbox

    gone = evening.night.join("Gone")
    evening.night.guild.remove_member(gone)
    await evening.night.settle()
    itself = Actor.itself(evening.night.guild.id)

    async def write(session: Any) -> None:
        outbox.send(session, "ob1", "You were outbid", user_id=gone.id, channel_id=evening.sales.id)

    await evening.night.stage.run(itself, write)
    evening.night.env.inject_error("POST", "/users/@me/channels", status=403, code=50007)
    await evening.night.settle()
    await evening.night.settle()
    assert "has left the server" in evening.told()
    assert "You were outbid" not in evening.told(evening.sales)


async def test_an_answer_that_fails_leaves_the_bid_standing_and_the_board_right(
    evening: Evening, owner: asyncpg.Connection, troubles: Troubles
) -> None:
    evening.night.env.inject_error("POST", "/interactions/*/*/callback", status=500, times=None)
    await evening.bids(evening.bob, 7)
    evening.mended()
    troubles.forgive()
    assert "**7** · Bob leads" in text_of(evening.card())
    await evening.ends()
    await won_by_bob(evening, owner)


async def test_the_raid_board_deleted_with_its_channel_moves_and_check_in_still_works(
    evening: Evening, owner: asyncpg.Connection
) -> None:
    night = evening.night
    hall = night.guild.create_text_channel("hall")
    await night.types(night.officer, "raid start", event="Plane of Fear", at=hall)
    await evening.deletes(hall)
    await night.types(night.officer, "raid add", members="Bob")
    moved = evening.card_of("Plane of Fear", night.channel)
    await night.presses(evening.anna, moved, "Check in")
    await night.types(night.officer, "raid tick")
    assert await owner.fetchval("SELECT count(*) FROM tick_credit") == 2
    await night.settle()
    assert evening.told().count("the raid board is in") == 1
