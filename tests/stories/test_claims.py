"""A claim as a member and two leaders live it: made, seen on its card, accepted, refused, forgotten by everybody."""

import asyncpg
import discord
import pytest
import simcord

from tests.stories.conftest import Night, said, text_of


def cards(night: Night) -> list[discord.Message]:
    return [message for message in night.channel.history() if "“I was there”" in text_of(message)]


def card(night: Night) -> discord.Message:
    return cards(night)[-1]


def letters(who: simcord.MemberActor) -> list[str]:
    return [message.content for message in who.user.dm_channel.history()]


async def officer(night: Night, name: str) -> simcord.MemberActor:
    role = night.guild.create_role(name, permissions=discord.Permissions(manage_guild=True))
    who = night.join(name, roles=[role])
    await night.settle()
    return who


async def balance(night: Night, who: simcord.MemberActor) -> str:
    return said(await night.types(who, "dkp balance"))


@pytest.fixture
async def anna(night: Night) -> simcord.MemberActor:
    """Somebody without a character, in a server where a raid with a tick runs."""
    who = night.join("anna")
    await night.settle()
    await night.types(night.officer, "raid start", event="Plane of Fear")
    await night.types(night.officer, "raid tick")
    return who


async def test_a_claim_is_answered_by_one_press_and_told(night: Night, anna, owner: asyncpg.Connection):
    vera = await officer(night, "Vera")
    made = said(await night.types(anna, "raid claim", note="zoning when you @everyone looked", tick="1"))
    assert made.startswith("Claimed: tick 1 of Plane of Fear. Raid leaders see it in")
    shown = text_of(card(night))
    assert "anna: “I was there”" in shown
    assert "accepting credits tick 1, 10 points" in shown
    assert "> zoning when you @\u200beveryone looked" in shown
    assert "[Accept]" in shown
    assert "You have a claim for Plane of Fear open already" in said(
        await night.types(anna, "raid claim", note="me again")
    )

    assert "Only officers and raid leaders may lead raids" in said(await night.presses(anna, card(night), "Accept"))
    assert "**0**" in await balance(night, anna)
    await night.restart()
    accepted = said(await night.presses(vera, card(night), "Accept"))
    assert accepted == "Accepted: anna is credited with tick 1 of Plane of Fear, 10 points."
    assert "**10**" in await balance(night, anna)
    after = text_of(card(night))
    assert "✓ Accepted by Vera" in after
    assert "[Accept]" not in after
    assert len(cards(night)) == 1
    [letter] = letters(anna)
    assert letter.startswith("Your claim for **Plane of Fear**")
    assert letter.endswith("was accepted by Vera: tick 1, 10 points.")
    assert "credited with tick 1 of Plane of Fear already" in said(
        await night.types(anna, "raid claim", note="once more")
    )
    assert "accepted the claim of anna for Plane of Fear: 10 points" in said(
        await night.types(night.officer, "audit search", member="anna")
    )
    assert await owner.fetchval("SELECT evidence FROM tick_credit") == "claim"


async def test_two_leaders_decide_once_and_the_second_is_told_who_was_first(night: Night, anna):
    vera = await officer(night, "Vera")
    await night.types(anna, "raid claim", note="zoning at the dump")
    stale = card(night)
    form = await vera.click(stale, label="Refuse")
    await night.presses(night.officer, stale, "Accept")
    late = said(await night.fills(vera, form, reason="not seen"))
    assert "That claim was accepted already by guildmaster; nothing changed." in late
    assert "**10**" in await balance(night, anna)
    assert len(letters(anna)) == 1


async def test_a_refusal_may_say_why_and_is_shown_on_the_card(night: Night, anna):
    await night.types(anna, "raid claim", note="zoning at the dump")
    form = await night.presses(night.officer, card(night), "Refuse")
    done = said(await night.fills(night.officer, form, reason="you were in **Kael**"))
    assert done == "Refused: the claim of anna for Plane of Fear. They are told."
    assert "✕ Refused by guildmaster" in text_of(card(night))
    assert "you were in \\*\\*Kael\\*\\*" in text_of(card(night))
    assert "was refused by guildmaster: you were in" in letters(anna)[0]
    assert "**0**" in await balance(night, anna)
    await night.types(anna, "raid claim", note="no I was not")
    form = await night.presses(night.officer, card(night), "Refuse")
    await night.fills(night.officer, form, reason="")
    assert "was refused by guildmaster. If you see it otherwise" in letters(anna)[1]


async def test_a_claim_nobody_answers_lapses_after_72_hours(night: Night, anna, owner: asyncpg.Connection):
    await night.types(anna, "raid claim", note="zoning at the dump")
    await night.wait(72 * 3600 - 60)
    assert "[Accept]" in text_of(card(night))
    await night.wait(61)
    assert "Lapsed" in text_of(card(night))
    assert "[Accept]" not in text_of(card(night))
    assert "lapsed: nobody answered it within 72 hours" in letters(anna)[0]
    assert await owner.fetchval("SELECT status FROM raid_claim") == "lapsed"


async def test_leaders_do_not_decide_for_themselves(night: Night, anna):
    lead = night.officer
    await night.types(lead, "raid claim", note="I took the tick")
    for label in ("Accept", "Refuse"):
        assert "That is your own claim" in said(await night.presses(lead, card(night), label))
    assert "**0**" in await balance(night, lead)


async def test_a_raid_of_last_week_and_one_that_is_cancelled_are_refused_with_the_way_to_go(night: Night, anna):
    await night.types(anna, "raid claim", note="zoning at the dump")
    asked = await night.types(night.officer, "raid cancel", reason="the server crashed")
    await night.presses(night.officer, asked.response, "Cancel the raid")
    assert "✕ Refused" in text_of(card(night))
    assert "the raid was cancelled (the server crashed)" in letters(anna)[0]
    refused = said(await night.types(anna, "raid claim", note="zoning at the dump", raid="Plane of Fear"))
    assert "was cancelled, so it pays nobody" in refused
    assert "No raid is running and none ended in the last 72 hours" in said(
        await night.types(anna, "raid claim", note="zoning at the dump")
    )


async def test_raids_and_ticks_are_offered_while_typing(night: Night, anna):
    ticks = await anna.autocomplete(night.channel, "raid claim", "tick", "")
    assert ticks[0]["name"].startswith("Tick 1 · Plane of Fear")
    raids = await anna.autocomplete(night.channel, "raid claim", "raid", "fear")
    await night.types(anna, "raid claim", note="zoning", raid=raids[0]["value"], tick=ticks[0]["value"])
    assert "accepting credits tick 1" in text_of(card(night))


async def test_a_deleted_card_comes_back(night: Night, anna):
    await night.types(anna, "raid claim", note="zoning at the dump")
    first = card(night)
    await night.officer.delete(first)
    await night.restart()
    assert card(night).id != first.id
    assert "Accepted" in said(await night.presses(night.officer, card(night), "Accept"))
