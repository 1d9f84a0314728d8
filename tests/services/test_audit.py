"""The audit, searched: sentences by or about somebody, of one kind, of some days, and nobody's secrets."""

import logging

import pytest

from bot import audit
from bot.refusals import NotAllowed, NotFound
from bot.stage import Actor, Session, Stage
from cogs.audit import service
from cogs.audit.service import BadDays
from tests.conftest import MovableClock, person

ANNA = person(10, "Anna", manage_guild=True)
BOB = person(11, "Bob")
EVIL = person(12, "**@everyone** \u202eevil")


async def note(stage: Stage, by: Actor, action: str, **what) -> None:
    about = what.pop("about", None)
    member_id = await stage.run(about, own_id) if about else None

    async def work(session: Session) -> None:
        audit.record(session, action, about=member_id, **what)

    await stage.run(by, work)


async def own_id(session: Session) -> int:
    return session.member.member_id


async def search(
    stage: Stage, by: Actor = ANNA, *, who=None, action=None, days=None, before=None, most=100
) -> list[str]:
    async def look(session: Session) -> list[str]:
        wanted = await service.read_wanted(session, who, action, days)
        found = await service.search(session, wanted, before=before, most=most)
        return [line.sentence for line in found]

    return await stage.read(by, "audit.view", look)


@pytest.fixture
def guild(stage: Stage) -> Stage:
    stage.registry.sentences |= {
        "dkp.adjusted": lambda line: f"{line.actor} gave {line.about} {line.after['amount']} points",
        "auctions.bid.placed": lambda line: f"{line.actor} bid: {sorted(line.after.items())}.",
    }
    return stage


async def test_changes_read_as_sentences_newest_first_with_their_reasons(guild: Stage):
    await note(guild, ANNA, "dkp.adjusted", about=BOB, after={"amount": "5"}, reason="brought the *cake*")
    await note(guild, BOB, "auctions.bid.placed", after={"amount": "7"})
    assert await search(guild) == [
        "**Bob** bid: [('amount', '7')].",
        "**Anna** gave Bob 5 points. Reason: brought the \\*cake\\*",
    ]


async def test_the_search_narrows_by_person_by_action_and_by_days(guild: Stage, clock: MovableClock):
    await note(guild, ANNA, "dkp.adjusted", about=BOB, after={"amount": "1"})
    clock.move(days=3)
    await note(guild, BOB, "auctions.bid.placed", after={"amount": "2"})
    await note(guild, ANNA, "dkp.adjusted", about=ANNA, after={"amount": "3"})
    theirs = ["**Bob** bid: [('amount', '2')].", "**Anna** gave Bob 1 points."]
    assert await search(guild, who="Bob") == theirs
    assert await search(guild, who="Anna") == ["**Anna** gave Anna 3 points.", theirs[1]]
    assert await search(guild, action="dkp.adjusted") == ["**Anna** gave Anna 3 points.", theirs[1]]
    assert await search(guild, action=" DKP:  Adjusted") == await search(guild, action="dkp.adjusted")
    assert await search(guild, days=2) == ["**Anna** gave Anna 3 points.", theirs[0]]
    assert await search(guild, who="Bob", action="dkp.adjusted", days=4) == [theirs[1]]
    assert await search(guild, who="Bob", action="dkp.adjusted", days=1) == []


async def test_a_person_without_a_discord_account_is_not_taken_for_quartermaster_itself(guild: Stage):
    async def forget(session: Session) -> None:
        session.member.discord_user_id = None

    await guild.run(BOB, forget)
    await note(guild, Actor.itself(1), "auctions.bid.placed")
    assert await search(guild, who="Bob") == []


async def test_pages_go_on_after_the_last_line(guild: Stage):
    for amount in "12345":
        await note(guild, BOB, "auctions.bid.placed", after={"amount": amount})

    async def page(session: Session, before: int | None) -> list[service.AuditSentence]:
        return list(await service.search(session, service.Wanted(), before=before, most=3))

    first = await guild.run(ANNA, lambda session: page(session, None))
    second = await guild.run(ANNA, lambda session: page(session, first[-1].audit_id))
    assert [line.sentence[-5] for line in (*first, *second)] == list("54321")


async def test_an_action_nobody_told_how_to_say_still_reads_as_words(guild: Stage):
    await note(guild, EVIL, "raids.tick_moved.twice", about=BOB, after={"secret": "json"}, reason="why not")
    assert await search(guild) == [
        "**\\*\\*@\u200beveryone\\*\\* evil**: raids\\: tick moved twice, about Bob. Reason: why not"
    ]


async def test_a_row_todays_sentence_cannot_say_is_said_plainly_and_logged(guild: Stage, caplog):
    await note(guild, ANNA, "dkp.adjusted", about=BOB, after={"an older": "shape"})
    with caplog.at_level(logging.ERROR):
        assert await search(guild) == ["**Anna**: dkp\\: adjusted, about Bob."]
    assert "no sentence for audit row" in caplog.text


async def test_what_anybody_holds_never_reaches_a_sentence(guild: Stage):
    await note(
        guild, BOB, "auctions.bid.placed", after={"amount": "7", "held": "70", "spendable": "430", "maximum": "99"}
    )
    assert await search(guild) == ["**Bob** bid: [('amount', '7')]."]


@pytest.mark.parametrize("days", [0, -5, 3651, 10**12])
async def test_days_out_of_reach_are_refused(guild: Stage, days: int):
    with pytest.raises(BadDays, match="from 1 to 3,650"):
        await search(guild, days=days)


@pytest.mark.parametrize("typed", ["adjustd", "dkp", "@everyone", "x" * 100])
async def test_an_action_that_is_none_is_refused(guild: Stage, typed: str):
    with pytest.raises(NotFound, match="Nothing by that name is recorded"):
        await search(guild, action=typed)


async def test_actions_are_offered_in_words(guild: Stage):
    async def offered(session: Session) -> list[tuple[str, str]]:
        return [(choice.label, choice.value) for choice in await service.action_choices(session, "bid")]

    assert await guild.run(ANNA, offered) == [("auctions: bid placed", "auctions.bid.placed")]


async def test_members_may_not_search_and_no_guild_sees_anothers_rows(guild: Stage):
    await note(guild, ANNA, "dkp.adjusted", about=BOB, after={"amount": "1"})
    with pytest.raises(NotAllowed, match="Only developers and officers may search the audit"):
        await search(guild, BOB)
    assert await search(guild, person(10, "Anna", guild_id=2, manage_guild=True)) == []
