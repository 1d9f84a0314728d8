"""Decay as a guild lives with it: looked at, applied, scheduled, run by the clock, missed, told, explained, undone."""

from datetime import timedelta

import asyncpg
import pytest
import simcord

from bot.stage import Actor
from cogs.dkp.service import ledger
from tests.services.test_dkp.words import hold_for
from tests.stories.conftest import Night, said, text_of


@pytest.fixture
async def bob(night: Night) -> simcord.MemberActor:
    """A guild in Berlin; Bob has 1,000 and Cara 30."""
    who, cara = night.join("Bob"), night.join("Cara")
    await night.settle()
    for one in (who, cara):
        await night.types(one, "dkp balance")
    await night.types(night.officer, "settings guild", timezone="Europe/Berlin")
    audit = night.guild.create_text_channel("audit")
    await night.types(night.officer, "settings channels", audit=audit)
    await night.types(night.officer, "dkp adjust", member="Bob", amount=1000, reason="moved in with it")
    await night.types(night.officer, "dkp adjust", member="Cara", amount=30, reason="moved in with it")
    return who


def posted(night: Night, words: str) -> list[str]:
    texts = [text_of(message) for channel in night.guild.channels.values() for message in channel.history()]
    return [text for text in texts if words in text]


async def balance(owner: asyncpg.Connection, name: str) -> int:
    return await owner.fetchval(
        "SELECT balance FROM account JOIN member USING (guild_id, member_id) WHERE display_name = $1", name
    )


async def test_an_officer_looks_applies_once_and_undoes_it_as_one_act(
    night: Night, owner: asyncpg.Connection, bob: simcord.MemberActor
):
    officer = night.officer
    looked = said(await night.types(officer, "dkp decay preview", percent=10.0, floor=50.0))
    assert looked.splitlines() == [
        "Decay of **DKP**: 10 %, never below 50.",
        "It takes **100** points from **1 person**.",
        "The floor protects 1 person: Cara.",
        "/dkp decay apply does it, /dkp decay schedule does it regularly.",
    ]
    assert await balance(owner, "Bob") == 1000
    asked = await night.types(officer, "dkp decay apply", percent=10.0, floor=50.0)
    assert "It can be undone as one act. Do it now?" in said(asked)
    done = said(await night.presses(officer, asked.response, "Let it decay"))
    assert "took 100 points from 1 person. /dkp undo takes it back as one act." in done
    assert await balance(owner, "Bob") == 900
    assert len(posted(night, "took 100 points from 1 person. Applied by guildmaster")) == 1

    history = await night.types(bob, "dkp history")
    assert "**-100** → 900 · decay: 10 %, never below 50" in said(history)
    entry = await owner.fetchval("SELECT max(entry_id) FROM ledger_entry")
    why = said(await bob.select(history.response, [str(entry)]))
    assert "10 % of the balance, without bids that stood on the boards, rounded to whole points, never below 50." in why

    [choice] = [
        choice
        for choice in await officer.autocomplete(night.channel, "dkp undo", "what", "")
        if choice["name"].startswith("decay · ")
    ]
    asked = await night.types(officer, "dkp undo", what=choice["value"], reason="too much at once")
    assert "1 person: 100 points given." in said(asked)
    assert "Bob: 900 → 1000" in said(asked)
    await night.presses(officer, asked.response, "Undo it")
    assert await balance(owner, "Bob") == 1000
    assert "undid decay: 10 % of DKP" in said(await night.types(officer, "audit search"))
    assert "let DKP decay (10 %, never below 50): 100 points from 1 person" in said(
        await night.types(officer, "audit search", action="dkp.decayed")
    )


async def test_members_may_not_let_points_decay(night: Night, bob: simcord.MemberActor):
    for command in ("preview", "apply"):
        assert said(await night.types(bob, f"dkp decay {command}", percent=10.0)) == (
            "Only officers may let points decay; ask one of them."
        )
    assert "Only officers" in said(await night.types(bob, "dkp decay schedule", every="week", percent=10.0))
    assert "Only officers" in said(await night.types(bob, "dkp decay stop"))


async def test_a_schedule_runs_by_the_clock_late_once_after_downtime_and_stops(
    night: Night, owner: asyncpg.Connection, bob: simcord.MemberActor
):
    officer = night.officer
    words = said(await night.types(officer, "dkp decay schedule", every="week", percent=10.0, floor=50.0))
    assert words.startswith("**DKP** decays every week on ")
    first = await owner.fetchval("SELECT next_at FROM decay_schedule")
    assert f"<t:{int(first.timestamp())}:F>" in words
    today = night.env.now()
    assert timedelta(days=6) < first - today < timedelta(days=8)

    await night.wait((first - today).total_seconds() - 1)
    assert await balance(owner, "Bob") == 1000
    await night.wait(3)
    assert await balance(owner, "Bob") == 900
    [told] = posted(night, "took 100 points from 1 person.")
    assert "late" not in told

    # Nobody is there for three weeks; another process comes up then.
    await night.env.advance_time(timedelta(days=22).total_seconds())
    await night.restart()
    assert await balance(owner, "Bob") == 810
    [late] = posted(night, "took 90 points from 1 person.")
    assert "and comes late. It decays every week" in late
    await night.settle()
    assert await owner.fetchval("SELECT count(*) FROM decay_run") == 2
    following = await owner.fetchval("SELECT next_at FROM decay_schedule")
    assert following - first == timedelta(days=28)

    await night.wait((following - night.env.now()).total_seconds() + 2)
    assert await balance(owner, "Bob") == 729
    assert "decays no more by itself" in said(await night.types(officer, "dkp decay stop"))
    assert said(await night.types(officer, "dkp decay stop")).startswith("No decay is scheduled for DKP")
    await night.wait(timedelta(days=30).total_seconds())
    assert await balance(owner, "Bob") == 729
    searched = said(await night.types(officer, "audit search", action="dkp.decay.scheduled"))
    assert "scheduled decay of DKP every week on " in searched
    assert await night.stage.run(Actor.itself(night.guild.id), ledger.imbalances) == []


async def test_no_preview_of_decay_tells_what_somebody_holds_in_secret(night: Night, bob: simcord.MemberActor):
    """However often an officer asks, with whatever percentage: the answer is that of numbers anybody may read."""

    async def asked() -> list[str]:
        previews = [await night.types(night.officer, "dkp decay preview", percent=p) for p in (1.0, 50.0, 100.0)]
        return [said(preview) for preview in previews]

    free, holder = await asked(), Actor(night.guild.id, bob.id, bob.name)
    await hold_for(night.stage, holder, "Orb of Salt", 777, kind="sealed", price=None)
    assert await asked() == free
    await hold_for(night.stage, holder, "Cloak of Flames", 123, price=100)  # a maximum of 123 that leads at 100
    before = "It takes **1030** points from **2 people**"
    assert [before in words for words in free] == [False, False, True]
    shown = (await asked())[2]
    assert "It takes **930** points from **2 people**" in shown
    assert "Bids that the boards show do not decay" in shown
    asked_now = await night.types(night.officer, "dkp decay apply", percent=50.0)
    done = said(await night.presses(night.officer, asked_now.response, "Let it decay"))
    assert "took 465 points from 2 people." in done
