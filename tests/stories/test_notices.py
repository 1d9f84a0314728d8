"""What somebody is told about, and how: chosen with `/me notifications`, and told so."""

from typing import Any

import simcord
from simcord.builders import ChannelHandle

from tests.stories.conftest import Night, said, text_of
from tests.stories.test_auction_doors import with_points


def dms(night: Night, who: simcord.MemberActor) -> list[str]:
    alone = ChannelHandle(night.env, None, night.env.backend.get_dm_channel(who.id))
    return [text_of(message) for message in alone.history()]


def pings(night: Night) -> list[Any]:
    return [message for message in night.channel.history() if "outbid your" in message.content]


async def up(night: Night, item: str, duration: str) -> None:
    await night.types(night.officer, "auction start", item=item, duration=duration)


async def bids(night: Night, item: str, *bids: tuple[simcord.MemberActor, int]) -> None:
    for who, amount in bids:
        assert f"You lead **{item}**" in said(await night.types(who, "auction bid", auction=item, amount=amount))


async def test_who_chooses_pings_is_told_in_the_channel_and_nobody_else_is_pinged(night: Night):
    anna, boris = await with_points(night, "anna", 100), await with_points(night, "boris", 100)
    panel = await night.types(anna, "me notifications")
    assert panel.response.ephemeral
    assert said(panel).splitlines() == [
        "**I tell you about**",
        "⏳ being outbid: **only in auctions over ten minutes**",
        "⏳ winning an auction: **only in auctions over ten minutes**",
        "🔔 answers to your character claims, and being linked: **always**",
        "🔔 answers to your raid claims: **always**",
        "🔔 points somebody gave you: **always**",
        "It comes **as a direct message**; if yours are closed, as a ping in the channel where there is one.",
        "[Ping me in the channel instead]",
    ]
    await night.restart()
    await night.presses(anna, panel.response, "Ping me in the channel instead")
    assert "It comes **as a ping in the channel**" in text_of(panel.response.message)
    await up(night, "Cloak of Flames", "30m")
    await bids(night, "Cloak of Flames", (anna, 5), (boris, 7), (anna, 9))
    [ping] = pings(night)
    assert ping.content.startswith(f"{anna.mention} boris outbid your 5 on **Cloak of Flames**: it is at 7")
    assert [user.id for user in ping.mentions] == [anna.id]
    assert dms(night, anna) == []
    assert len(dms(night, boris)) == 1, "he chose nothing, and it is a long auction"

    await night.presses(anna, panel.response, "Send direct messages instead")
    assert "It comes **as a direct message**" in text_of(panel.response.message)
    await bids(night, "Cloak of Flames", (boris, 11))
    assert len(pings(night)) == 1
    [told] = dms(night, anna)
    assert told.startswith("boris outbid your 9 on **Cloak of Flames**")


async def test_who_chooses_always_is_told_of_a_quick_auction_and_who_chooses_never_of_none(night: Night):
    anna, boris = await with_points(night, "anna", 100), await with_points(night, "boris", 100)
    await up(night, "Cloak of Flames", "3m")
    await bids(night, "Cloak of Flames", (anna, 5), (boris, 7))
    assert dms(night, anna) == []

    panel = await night.types(anna, "me notifications")
    await anna.select(panel.response, ["outbid:always"], custom_id="qm:me.notices")
    await night.settle()
    assert "🔔 being outbid: **always**" in text_of(panel.response.message)
    await bids(night, "Cloak of Flames", (anna, 9), (boris, 11))
    [told] = dms(night, anna)
    assert told.startswith("boris outbid your 9 on **Cloak of Flames**")
    assert dms(night, boris) == []

    await anna.select(panel.response, ["outbid:never"], custom_id="qm:me.notices")
    await night.settle()
    assert "🔕 being outbid: **never**" in text_of(panel.response.message)
    await up(night, "Ring of Fire", "30m")
    await bids(night, "Ring of Fire", (anna, 5), (boris, 7))
    assert len(dms(night, anna)) == 1
