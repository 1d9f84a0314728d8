"""One notice to one person: directly, by a ping, or not at all."""

from typing import Any

import asyncpg
import pytest
from sqlalchemy import select

from bot import outbox
from bot.registry import Notice
from bot.stage import Actor, Stage
from cogs.members.service.notices import Notices, choose_notice, choose_way, notices_of_me
from cogs.members.views.notices import in_words, panel
from db.tables import Member
from tests.conftest import person

ANNA = person(10, "Anna")
CHANNEL = 77
KINDS = {
    "claim": Notice("answers to your claims"),
    "outbid": Notice("being outbid", "in auctions over ten minutes"),
    "won": Notice("winning an auction", "in auctions over ten minutes"),
}


@pytest.fixture
async def anna(stage: Stage) -> Stage:
    stage.registry.notices |= KINDS
    await stage.run(ANNA, notices_of_me)
    return stage


async def sent(
    stage: Stage, owner: asyncpg.Connection, *, as_row: bool = False, channel_id: int | None = CHANNEL, **how: Any
) -> list[tuple[int | None, int | None, str, list[int]]]:
    """What telling Anna writes: (user, channel, words, who is pinged)."""
    columns = (Member.discord_user_id, Member.left_at, Member.muted, Member.wanted, Member.pinged)

    async def work(session):
        query = select(*columns) if as_row else select(Member)
        found = (await session.execute(query)).one() if as_row else (await session.execute(query)).scalar_one()
        outbox.notify(session, "k", "You were outbid.", found, channel_id, "outbid", **how)

    await stage.run(Actor.itself(1), work)
    rows = await owner.fetch("DELETE FROM outbox RETURNING user_id, channel_id, content, mention_user_ids::text")
    return [(row[0], row[1], row[2], [int(one) for one in row[3].strip("[]").split(",") if one]) for row in rows]


@pytest.mark.parametrize("as_row", [True, False])
async def test_it_comes_directly_and_with_dms_closed_where_it_belongs(anna, owner, as_row):
    assert await sent(anna, owner, as_row=as_row) == [(10, CHANNEL, "You were outbid.", [])]
    assert await sent(anna, owner, as_row=as_row, by_default=False) == []


@pytest.mark.parametrize("as_row", [True, False])
async def test_who_chose_pings_is_pinged_in_the_channel_and_gets_no_direct_message(anna, owner, as_row):
    await choose_way(anna, ANNA, True)
    assert await sent(anna, owner, as_row=as_row) == [(None, CHANNEL, "<@10> You were outbid.", [10])]
    await choose_way(anna, ANNA, False)
    assert [row[:2] for row in await sent(anna, owner, as_row=as_row)] == [(10, CHANNEL)]


async def test_what_belongs_to_no_channel_is_a_direct_message_for_who_chose_pings_too(anna, owner):
    await choose_way(anna, ANNA, True)
    assert await sent(anna, owner, channel_id=None) == [(10, None, "You were outbid.", [])]


async def test_who_chose_always_is_told_where_by_default_nobody_is(anna, owner):
    await choose_notice(anna, ANNA, "outbid", "always")
    assert len(await sent(anna, owner, by_default=False)) == 1
    await choose_notice(anna, ANNA, "outbid", "by default")
    assert await sent(anna, owner, by_default=False) == []


@pytest.mark.parametrize("gone", ["left_at = now()", "discord_user_id = NULL", """muted = '["outbid"]'"""])
@pytest.mark.parametrize("pinged", [True, False])
async def test_who_switched_it_off_left_or_has_no_account_is_not_told(anna, owner, gone, pinged):
    await choose_notice(anna, ANNA, "outbid", "always")
    await choose_way(anna, ANNA, pinged)
    await owner.execute(f"UPDATE member SET {gone}")
    assert await sent(anna, owner) == []


async def test_each_choice_is_kept_and_takes_the_place_of_the_one_before(anna, owner):
    def chosen(**other: str) -> Notices:
        return Notices({"outbid": "by default", "won": "by default", "claim": "always", **other}, False)

    assert await anna.read(ANNA, "me.own", notices_of_me) == chosen()
    assert await choose_notice(anna, ANNA, "outbid", "always") == chosen(outbid="always")
    assert await choose_notice(anna, ANNA, "won", "never") == chosen(outbid="always", won="never")
    assert await choose_notice(anna, ANNA, "outbid", "never") == chosen(outbid="never", won="never")
    assert await choose_notice(anna, ANNA, "won", "by default") == chosen(outbid="never")
    assert await choose_notice(anna, ANNA, "claim", "never") == chosen(outbid="never", claim="never")
    assert await choose_notice(anna, ANNA, "claim", "always") == chosen(outbid="never")
    row = await owner.fetchrow("SELECT muted::text, wanted::text, pinged FROM member")
    assert row is not None
    assert tuple(row) == ('["outbid"]', '["claim"]', False)
    for kind, choice in (("no such kind", "never"), ("", "claim"), ("won", "sometimes")):
        assert await choose_notice(anna, ANNA, kind, choice) == chosen(outbid="never")


def test_the_panel_says_what_holds_in_words_and_offers_each_change_there_is():
    now = Notices({"outbid": "by default", "won": "never", "claim": "always"}, False)
    assert in_words(now, KINDS).splitlines() == [
        "**I tell you about**",
        "⏳ being outbid: **only in auctions over ten minutes**",
        "🔕 winning an auction: **never**",
        "🔔 answers to your claims: **always**",
        "It comes **as a direct message**; if yours are closed, as a ping in the channel where there is one.",
    ]
    select_, way = (item.item for item in panel(now, KINDS).children)  # type: ignore[attr-defined]
    assert [(option.label, option.value) for option in select_.options] == [
        ("Being outbid: always", "outbid:always"),
        ("Being outbid: never", "outbid:never"),
        ("Winning an auction: only in auctions over ten minutes", "won:by default"),
        ("Winning an auction: always", "won:always"),
        ("Answers to your claims: never", "claim:never"),
    ]
    assert (way.label, way.custom_id) == ("Ping me in the channel instead", "qm:me.pinged:1")
    assert "It comes **as a ping in the channel**" in in_words(Notices(now.chosen, True), KINDS)
