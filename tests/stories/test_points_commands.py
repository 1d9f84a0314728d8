"""`/dkp` as people type and press it: what they read, and what the database holds afterwards."""

import asyncpg
import pytest
import simcord

from bot.stage import Actor
from cogs.dkp.service import ledger
from tests.services.test_dkp.words import hold_for
from tests.stories.conftest import Night, said, text_of

REASON = "brought the cake"


class Evening:
    """A night with an officer and three members, and the database behind it."""

    def __init__(self, night: Night, owner: asyncpg.Connection) -> None:
        self.night, self.owner, self.officer = night, owner, night.officer
        self.bob, self.cara, self.dan = (night.join(name) for name in ("Bob", "Cara", "Dan"))

    async def types(self, who: simcord.MemberActor, command: str, /, **options) -> str:
        return said(await self.night.types(who, command, **options))

    async def give(self, who: str, amount: float, **more) -> str:
        return await self.types(self.officer, "dkp adjust", member=who, amount=amount, **{"reason": REASON, **more})

    async def entries(self) -> int:
        return await self.owner.fetchval("SELECT count(*) FROM ledger_entry")

    def actor(self, who: simcord.MemberActor) -> Actor:
        return Actor(self.night.guild.id, who.id, who.name)


@pytest.fixture
async def evening(night: Night, owner: asyncpg.Connection) -> Evening:
    made = Evening(night, owner)
    await night.settle()
    for who in (made.bob, made.cara, made.dan, made.officer):
        assert await made.types(who, "dkp balance") == "You have **0** DKP.\nYou can spend **0**.\n[History]"
    return made


async def test_an_officer_gives_and_takes_and_everybody_reads_it_in_balance_standings_and_history(evening: Evening):
    assert await evening.give("bob", 50) == "Gave Bob 50 DKP (adjustment): 0 → 50. Reason: brought the cake"
    assert await evening.give("Bob", 5, kind="penalty", reason="late") == (
        "Took 5 DKP from Bob (penalty): 50 → 45. Reason: late"
    )
    await evening.give(evening.cara.mention, 45)
    assert await evening.types(evening.bob, "dkp balance") == "You have **45** DKP.\nYou can spend **45**.\n[History]"
    assert await evening.types(evening.cara, "dkp balance", member="Bob") == "Bob has **45** DKP."
    assert await evening.types(evening.cara, "dkp standings") == (
        "**DKP standings** · 2 people · you are number 1\n`  1` **Bob** · **45**\n`  1` **Cara** · **45**"
    )
    history = (await evening.types(evening.bob, "dkp history")).splitlines()
    assert history[0] == "**Your DKP history**, newest first"
    assert history[-1] == "[Chart]"
    assert [line.split(" ", 2)[2] for line in history[1:-1]] == [
        "**-5** → 45 · penalty by guildmaster: late",
        "**+50** → 50 · adjustment by guildmaster: brought the cake",
    ]


async def test_what_an_officer_did_to_themselves_is_posted_where_all_can_read_it(evening: Evening):
    await evening.give("guildmaster", 500)
    [posted] = [text_of(message) for message in evening.night.channel.history() if "adjusted" in message.content]
    assert posted == (
        "guildmaster adjusted their own points."
        " Gave guildmaster 500 DKP (adjustment): 0 → 500. Reason: brought the cake"
    )


async def test_undo_is_picked_from_a_list_shows_what_follows_asks_once_and_reverses(evening: Evening):
    night, officer = evening.night, evening.officer
    await evening.give("Bob", 50)
    await evening.give("Bob", -20)
    choices = await officer.autocomplete(night.channel, "dkp undo", "what", "50")
    [offered] = [choice for choice in choices if "+50" in choice["name"]]
    assert offered["name"].startswith("entry · Bob +50 (adjustment) by guildmaster, ")

    asked = await night.types(officer, "dkp undo", what=offered["value"], reason="wrong person")
    assert said(asked).splitlines()[1:] == ["Bob: 30 → -20, below the floor of 0", "[Undo it]", "[Cancel]"]
    assert await evening.entries() == 2

    done = said(await night.presses(officer, asked.response, "Undo it"))
    assert "Undone: +50 of Bob (brought the cake). Bob has -20 now." in done
    assert await evening.types(evening.bob, "dkp balance") == "You have **-20** DKP.\nYou can spend **-20**.\n[History]"
    history = await evening.types(evening.bob, "dkp history")
    assert "**-50** → -20 · undone by guildmaster (“brought the cake”): wrong person" in history
    assert "undone later" in history

    again = said(await night.types(officer, "dkp undo", what=offered["value"], reason="wrong person"))
    assert again == "That was undone already; nothing changed."
    assert await evening.entries() == 3


async def test_a_cancelled_question_changes_nothing_and_taking_below_the_floor_asks(evening: Evening):
    night, officer = evening.night, evening.officer
    asked = await night.types(officer, "dkp adjust", member="Bob", amount=-5.0, reason="broke the vase")
    assert said(asked).splitlines()[:2] == ["Take these points all the same?", "Bob: 0 → -5, below the floor of 0"]
    cancelled = said(await night.presses(officer, asked.response, "Cancel"))
    assert cancelled == "Nothing was changed."
    assert await evening.entries() == 0

    asked = await night.types(officer, "dkp adjust", member="Bob", amount=-5.0, reason="broke the vase")
    done = said(await night.presses(officer, asked.response, "Take them"))
    assert "Took 5 DKP from Bob (adjustment): 0 → -5. Reason: broke the vase" in done
    assert await evening.entries() == 1


@pytest.mark.parametrize(
    ("amount", "reason", "sentence"),
    [
        (0, REASON, "0 changes nothing; give an amount such as 5 or -5."),
        (1e12, REASON, "“1000000000000.0” is more than I can hold: type an amount up to 9,999,999.99."),
        (10.005, REASON, "“10.005” is too fine: this pool has whole points, so type 10 or the like."),
        (5, "no", "A reason has 3 to 500 characters; this one has 2."),
        (5, "x" * 501, "A reason has 3 to 500 characters; this one has 501."),
        (5, "\u202e\u200b\u200b\u200b", "A reason has 3 to 500 characters; this one has 0."),
    ],
)
async def test_what_cannot_be_posted_is_refused_in_one_sentence(evening: Evening, amount, reason, sentence):
    answer = await evening.give("Bob", amount, reason=reason)
    assert answer.replace("\\", "") == sentence
    assert await evening.entries() == 0


@pytest.mark.parametrize("name", ["**Bold** _x_", "@everyone", "אבג \u202edlog", "x" * 32, "🐉 <@1> `code`", "1. list"])
async def test_names_and_reasons_of_any_kind_are_shown_as_they_are_and_ping_nobody(evening: Evening, name):
    night = evening.night
    odd = night.join(name)
    await night.settle()
    await evening.types(odd, "dkp balance")
    choice = (await evening.officer.autocomplete(night.channel, "dkp balance", "member", name[:3]))[0]
    answers = [
        await evening.give(choice["value"], 5, reason="@everyone **look** <@&1> here"),
        await evening.types(evening.bob, "dkp balance", member=choice["value"]),
        await evening.types(evening.bob, "dkp standings"),
        await evening.types(evening.bob, "dkp history", member=choice["value"]),
        await evening.types(evening.officer, "audit search", member=choice["value"]),
    ]
    for answer in answers:
        assert "DKP" in answer
        for raw in ("@everyone", "<@&1>", "<@1>", "**Bold**", "**look**", "\u202e"):
            assert raw not in answer


async def test_members_are_told_who_may_and_are_offered_nothing_to_undo(evening: Evening):
    await evening.give("Bob", 5)
    entry = await evening.owner.fetchval("SELECT entry_id FROM ledger_entry")
    bob, channel = evening.bob, evening.night.channel
    assert await evening.types(bob, "dkp adjust", member="Bob", amount=5.0, reason=REASON) == (
        "Only officers may adjust points; ask one of them."
    )
    assert await evening.types(bob, "dkp undo", what=f"entry:{entry}", reason=REASON) == (
        "Only officers may undo; ask one of them."
    )
    assert (await evening.types(bob, "audit search")).startswith("Only developers and officers may search the audit")
    assert await bob.autocomplete(channel, "dkp undo", "what", "") == []
    assert await bob.autocomplete(channel, "audit search", "action", "") == []
    assert await evening.entries() == 1


async def test_nobody_reads_what_another_holds_not_in_any_command_choice_or_preview(evening: Evening):
    night, channel = evening.night, evening.night.channel
    await evening.give("Bob", 500)
    bob = evening.actor(evening.bob)
    await hold_for(night.stage, bob, "Cloak of Flames", 73)
    entry = await evening.owner.fetchval("SELECT entry_id FROM ledger_entry")

    mine = await evening.types(evening.bob, "dkp balance")
    assert "You can spend **427** (500 minus 73 held)." in mine

    for who in (evening.cara, evening.officer):
        seen = [
            await evening.types(who, "dkp balance", member="Bob"),
            await evening.types(who, "dkp standings"),
            await evening.types(who, "dkp standings", everyone=True),
            await evening.types(who, "dkp history", member="Bob"),
            await evening.types(who, "dkp undo", what=f"entry:{entry}", reason="just looking"),
            await evening.types(who, "dkp adjust", member="Bob", amount=-450.0, reason="just looking"),
            await evening.types(who, "dkp adjust", member="Bob", amount=-1.0, reason="just looking"),
            await evening.types(who, "audit search"),
            await evening.types(who, "audit search", member="Bob"),
        ]
        for command, option in (
            ("dkp balance", "member"),
            ("dkp balance", "pool"),
            ("dkp standings", "character_class"),
            ("dkp undo", "what"),
            ("audit search", "member"),
            ("audit search", "action"),
        ):
            seen += [choice["name"] for choice in await who.autocomplete(channel, command, option, "")]
        for words in seen:
            assert "73" not in words
            assert "427" not in words
    assert await night.stage.run(Actor.itself(night.guild.id), ledger.imbalances) == []


async def test_a_long_history_and_a_long_audit_are_turned_page_by_page(evening: Evening):
    night, officer = evening.night, evening.officer
    for amount in range(1, 18):
        await evening.give("Bob", amount)
    for command, who, first, last in (
        ("dkp history", evening.bob, "+17", "+1**"),
        ("audit search", officer, " 17 DKP", " 1 DKP"),
    ):
        shown = await night.types(who, command)
        assert first in said(shown)
        assert last not in said(shown)
        assert "page 1" in said(shown)
        turned = said(await night.presses(who, shown.response, "Next"))
        assert last in turned
        assert first not in turned
        back = said(await night.presses(who, shown.response, "Back"))
        assert first in back


async def test_the_audit_says_what_was_done_and_narrows(evening: Evening):
    night, officer = evening.night, evening.officer
    await evening.give("Bob", 5, reason="*cake*")
    entry = await evening.owner.fetchval("SELECT entry_id FROM ledger_entry")
    asked = await night.types(officer, "dkp undo", what=f"entry:{entry}", reason="wrong")
    await night.presses(officer, asked.response, "Undo it")
    offered = await officer.autocomplete(night.channel, "audit search", "action", "dkp")
    assert {choice["value"] for choice in offered} >= {"dkp.adjusted", "dkp.undone"}

    lines = (await evening.types(officer, "audit search", member="Bob", days=1)).splitlines()
    assert [line.split("> ", 1)[1] for line in lines[1:3]] == [
        "**guildmaster** undid +5 of Bob (“\\*cake\\*”), 5 → 0. Reason: wrong",
        "**guildmaster** gave Bob 5 DKP (adjustment, 0 → 5). Reason: \\*cake\\*",
    ]
    only = await evening.types(officer, "audit search", action="dkp.undone")
    assert "undid +5" in only
    assert "gave Bob" not in only
    assert (await evening.types(officer, "audit search", days=0)).startswith("Days go from 1")
    assert (await evening.types(officer, "audit search", action="rhubarb")) == "Nothing by that name is recorded."
    await night.wait(2 * 86400)
    assert "No change like that is recorded." in await evening.types(
        officer, "audit search", action="dkp.undone", days=1
    )


async def test_points_survive_a_restart_and_an_old_page_says_that_it_lapsed(evening: Evening):
    night = evening.night
    for amount in range(1, 18):
        await evening.give("Bob", amount)
    shown = await night.types(evening.bob, "dkp history")
    await night.restart()
    assert "lapsed" in said(await night.presses(evening.bob, shown.response, "Next"))
    assert (await evening.types(evening.bob, "dkp balance")).startswith("You have **153** DKP.")
