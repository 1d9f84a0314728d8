""" "This imported character is me": who may say so, who answers, and that it is answered once."""

import asyncio
from decimal import Decimal

import pytest

from bot.refusals import NotAllowed, Refused
from cogs.dkp.service import undoing
from cogs.members.rules import AlreadyDecided, NotClaimable
from cogs.members.service.characters import add_character
from cogs.members.service.claims import accept_claim, card_of, claim_character, preview_claim, refuse_claim
from tests.conftest import person
from tests.services.test_linking.scene import (
    ANNA,
    BOB,
    CARL,
    HERE,
    ITSELF,
    balances,
    imported,
    own_id,
    played_by,
    sound,
)

DORA = person(13, "Dora", manage_guild=True)


async def card(stage, claim_id: int):
    return await stage.run(ITSELF, lambda session: card_of(session, claim_id))


async def test_an_accepted_claim_hands_everything_over_and_tells_the_claimer(guild, owner):
    await imported(guild, "Thrall", 430, ("Thrall", "Rexxar"))
    claimed = await claim_character(guild, BOB, "rexxar", HERE)
    assert claimed.channel_id == HERE
    shown = await card(guild, claimed.claim_id)
    assert (shown.status, shown.points, shown.characters) == ("open", (("DKP", Decimal(430)),), ("Thrall", "Rexxar"))
    over = await guild.read(ANNA, "members.link", lambda session: preview_claim(session, claimed.claim_id))
    done = await accept_claim(guild, ANNA, claimed.claim_id)
    assert (over.points, over.characters, over.main) == (done.points, done.characters, done.main)
    bob = await own_id(guild, BOB)
    assert await balances(guild, bob) == {"DKP": Decimal(430)}
    assert await played_by(guild, bob) == ["Thrall*", "Rexxar"]
    [told] = await owner.fetch("SELECT user_id, content FROM outbox")
    assert told["user_id"] == 11
    assert told["content"].startswith("Your claim on **Rexxar** was accepted.\n430 DKP move over.")
    shown = await card(guild, claimed.claim_id)
    assert (shown.status, shown.owner, shown.decided_by, shown.undone) == ("accepted", "Thrall", "Anna", False)
    await undoing.undo(guild, ANNA, f"claim:{done.link_id}", "wrong person")
    assert (await card(guild, claimed.claim_id)).undone
    await sound(guild)


async def test_the_card_goes_to_the_audit_channel_where_there_is_one(guild, owner):
    await owner.execute("UPDATE guild SET audit_channel_id = 900")
    await imported(guild, "Thrall", 0, ("Thrall",))
    assert (await claim_character(guild, BOB, "Thrall", HERE)).channel_id == 900
    assert await owner.fetchval("SELECT channel_id FROM board WHERE kind = 'character_claim'") == 900


async def test_a_refused_claim_changes_nothing_but_itself(guild, owner):
    old = await imported(guild, "Thrall", 430, ("Thrall",))
    claimed = await claim_character(guild, BOB, "Thrall", HERE)
    assert "Bob is told" in await refuse_claim(guild, ANNA, claimed.claim_id)
    assert await balances(guild, old) == {"DKP": Decimal(430)}
    assert (await card(guild, claimed.claim_id)).status == "refused"
    assert "was refused" in await owner.fetchval("SELECT content FROM outbox")
    again = await claim_character(guild, BOB, "Thrall", HERE)
    assert again.claim_id != claimed.claim_id


async def test_what_is_not_claimable_is_refused_with_the_way_to_go(guild):
    await add_character(guild, BOB, "Jaina")
    await imported(guild, "Thrall", 0, ("Thrall",))
    with pytest.raises(NotClaimable, match="is yours already"):
        await claim_character(guild, BOB, "Jaina", HERE)
    with pytest.raises(NotClaimable, match="ask an officer for /character transfer"):
        await claim_character(guild, CARL, "Jaina", HERE)
    await claim_character(guild, BOB, "Thrall", HERE)
    with pytest.raises(NotClaimable, match="waits for an officer already"):
        await claim_character(guild, person(11, "Bob"), "Thrall", HERE)


async def test_nobody_buries_officers_under_claims(guild):
    for number in range(6):
        await imported(guild, f"Old {number}", 0, (f"Thrall {'abcdef'[number]}",))
    for letter in "abcde":
        await claim_character(guild, BOB, f"Thrall {letter}", HERE)
    with pytest.raises(NotClaimable, match="5 of your claims wait"):
        await claim_character(guild, BOB, "Thrall f", HERE)


async def test_a_yes_answers_every_other_claim_on_that_person(guild, owner):
    await imported(guild, "Thrall", 5, ("Thrall", "Rexxar"))
    mine = await claim_character(guild, BOB, "Thrall", HERE)
    also_mine = await claim_character(guild, BOB, "Rexxar", HERE)
    others = await claim_character(guild, CARL, "Rexxar", HERE)
    await accept_claim(guild, ANNA, mine.claim_id)
    assert (await card(guild, also_mine.claim_id)).status == "accepted"
    assert (await card(guild, others.claim_id)).status == "refused"
    assert "somebody else" in await owner.fetchval("SELECT content FROM outbox WHERE user_id = 12")
    with pytest.raises(AlreadyDecided, match="Anna refused that already"):
        await accept_claim(guild, DORA, others.claim_id)


async def test_only_officers_answer(guild):
    await imported(guild, "Thrall", 5, ("Thrall",))
    claimed = await claim_character(guild, BOB, "Thrall", HERE)
    for answer in (accept_claim, refuse_claim):
        with pytest.raises(NotAllowed):
            await answer(guild, BOB, claimed.claim_id)


async def test_two_officers_at_once_decide_once(guild, owner):
    """Each on their own connection; without the guard of the update several answers would stand."""
    for number in range(6):
        await imported(guild, f"Old {number}", 7, (f"Thrall {'abcdef'[number]}",))
        claimed = await claim_character(guild, BOB, f"Thrall {'abcdef'[number]}", HERE)
        answers = await asyncio.gather(
            accept_claim(guild, ANNA, claimed.claim_id),
            accept_claim(guild, DORA, claimed.claim_id),
            refuse_claim(guild, person(14, "Emil", manage_guild=True), claimed.claim_id),
            return_exceptions=True,
        )
        lost = [answer for answer in answers if isinstance(answer, Refused)]
        assert len(lost) == 2, answers
        assert all(isinstance(answer, AlreadyDecided) for answer in lost)
    await sound(guild)
    told = await owner.fetchval("SELECT count(*) FROM outbox WHERE user_id = 11")
    assert told == 6


async def test_two_officers_at_two_claims_on_one_person_both_get_an_answer(guild):
    for _ in range(6):
        await imported(guild, "Old", 7, ("Thrall", "Rexxar"))
        first = await claim_character(guild, BOB, "Thrall", HERE)
        second = await claim_character(guild, CARL, "Rexxar", HERE)
        answers = await asyncio.gather(
            accept_claim(guild, ANNA, first.claim_id),
            accept_claim(guild, DORA, second.claim_id),
            return_exceptions=True,
        )
        assert sum(isinstance(answer, AlreadyDecided) for answer in answers) == 1, answers
        for name in ("Thrall", "Rexxar"):
            from cogs.members.service.changing import retire_character

            await retire_character(guild, ANNA, name)
    await sound(guild)
