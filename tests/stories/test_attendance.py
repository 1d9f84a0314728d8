"""`/attendance` as people type it: an evening's ticks change what it says; the files an officer opens."""

import csv
import io
import json

import asyncpg
import pytest
import simcord

from tests.stories.conftest import Night, said


class Weeks:
    """A guild with its roles mapped, whose raids are a day apart."""

    def __init__(self, night: Night) -> None:
        self.night = night

    async def open(self) -> None:
        guild = self.night.guild
        roles = {group: guild.create_role(group) for group in ("officer", "member")}
        self.anna, self.bert = (self.night.join(name, roles=[roles["member"]]) for name in ("Anna", "=Bert"))
        self.olga = self.night.join("Olga", roles=[roles["officer"]])
        await self.night.settle()
        asked = await self.night.types(self.night.officer, "settings roles", **roles)
        await self.night.presses(self.night.officer, asked.response, "Map and adopt")
        assert await self.says(self.anna, "attendance leaderboard")

    async def says(self, who: simcord.MemberActor, command: str, /, **options) -> str:
        return said(await self.night.types(who, command, **options))

    async def raid(self, members: str) -> None:
        await self.says(self.olga, "raid start", event="Plane of Fear")
        await self.says(self.olga, "raid add", members=members)
        await self.says(self.olga, "raid tick")
        await self.says(self.olga, "raid end")
        await self.night.wait(86_400)


@pytest.fixture
async def weeks(night: Night) -> Weeks:
    made = Weeks(night)
    await made.open()
    return made


def lines(answer: str) -> list[str]:
    return [line for line in answer.splitlines() if "Counts from" not in line]


async def test_an_evenings_ticks_change_what_show_says(weeks: Weeks) -> None:
    night, anna = weeks.night, weeks.anna
    empty = await night.types(anna, "attendance show")
    assert empty.response is not None
    assert empty.response.message.attachments == [], "nothing to draw"
    assert lines(said(empty)) == [
        "**Your attendance**, by raids",
        "`  7 days` **–**",
        "` 30 days` **–**",
        "` 60 days` **–**",
        "` 90 days` **–**",
        "`lifetime` **–**",
        "In a row: **0** now, 0 at best.",
        "Voting takes 15 % of the last 30 days; with 0 raids held in them, fewer than 4, "
        "nobody reaches it by attendance.",
    ]
    await weeks.raid("Anna Olga")
    await weeks.raid("Anna Olga")
    await weeks.raid("Olga")
    first = await night.types(anna, "attendance show")
    assert first.response is not None
    assert first.response.ephemeral
    assert lines(said(first)) == [
        "**Your attendance**, by raids",
        "`  7 days` **66.6 %** · 2 of 3",
        "` 30 days` **66.6 %** · 2 of 3",
        "` 60 days` **66.6 %** · 2 of 3",
        "` 90 days` **66.6 %** · 2 of 3",
        "`lifetime` **66.6 %** · 2 of 3",
        "In a row: **0** now, 2 at best.",
        "Voting takes 15 % of the last 30 days; with 3 raids held in them, fewer than 4, "
        "nobody reaches it by attendance.",
    ]
    assert [file.filename for file in first.response.message.attachments] == ["attendance.png"]

    # A fourth raid, while it runs, is not counted; at its end it is.
    await weeks.says(weeks.olga, "raid start", event="Plane of Hate")
    await weeks.says(weeks.olga, "raid add", members="Anna")
    await weeks.says(weeks.olga, "raid tick")
    assert "2 of 3" in await weeks.says(anna, "attendance show")
    await weeks.says(weeks.olga, "raid end")
    after = await weeks.says(anna, "attendance show")
    assert "`  7 days` **75.0 %** · 3 of 4" in after
    assert "In a row: **1** now, 2 at best." in after
    assert "Voting takes 15 % of the last 30 days: you reach it." in after

    # Of somebody else, by name; who was at none of them does not reach it.
    other = await weeks.says(anna, "attendance show", member="=BERT")
    assert other.startswith("**=Bert's attendance**, by raids\n`  7 days` **0.0 %** · 0 of 4")
    assert "Voting takes 15 % of the last 30 days: they do not reach it." in other

    # An undone tick takes its evening out again, for everybody.
    ticks = await weeks.olga.autocomplete(night.channel, "raid undo-tick", "tick", "Hate")
    asked = await night.types(weeks.olga, "raid undo-tick", tick=ticks[0]["value"], reason="the wrong evening")
    await night.presses(weeks.olga, asked.response, "Undo tick 1")
    assert "`  7 days` **66.6 %** · 2 of 3" in await weeks.says(anna, "attendance show")


async def test_a_month_later_the_trend_is_told(weeks: Weeks) -> None:
    await weeks.raid("Anna Olga")
    await weeks.raid("Olga")
    await weeks.night.wait(35 * 86_400)
    assert "Trend" not in await weeks.says(weeks.anna, "attendance show")
    await weeks.raid("Anna Olga")
    told = await weeks.says(weeks.anna, "attendance show")
    assert "Trend: **rising**, 100.0 % after 50.0 % in the 30 days before." in told
    assert "`  7 days` **100.0 %** · 1 of 1" in told
    assert "`lifetime` **66.6 %** · 2 of 3" in told


async def test_the_leaderboard_names_active_members_and_ties_share_a_place(weeks: Weeks) -> None:
    await weeks.raid("Anna Olga")
    await weeks.raid("Anna Olga =Bert")
    assert (await weeks.says(weeks.anna, "attendance leaderboard")).splitlines() == [
        "**Attendance**, last 30 days · 3 people · you are number 1",
        "`  1` **Anna** · **100.0 %** · 2 of 2",
        "`  1` **Olga** · **100.0 %** · 2 of 2",
        "`  3` **=Bert** · **50.0 %** · 1 of 2",
    ]
    await weeks.night.wait(8 * 86_400)
    week = await weeks.says(weeks.bert, "attendance leaderboard", window="7")
    assert week.splitlines()[0] == "**Attendance**, last 7 days · 3 people · you are number 1"
    assert "**Anna** · **–**" in week
    assert "2 of 2" in await weeks.says(weeks.bert, "attendance leaderboard", window="lifetime")
    weeks.night.guild.remove_member(weeks.anna)
    await weeks.night.settle()
    assert "Anna" not in await weeks.says(weeks.bert, "attendance leaderboard", window="lifetime")


async def test_the_export_is_opened_and_read_again(weeks: Weeks, owner: asyncpg.Connection) -> None:
    await weeks.raid("Anna Olga")
    await weeks.raid("Anna Olga =Bert")
    answer = await weeks.night.types(weeks.olga, "attendance export")
    assert "Attendance of 3 people and 2 raids, counted by raids." in said(answer)
    files = {}
    for part in (answer.response, *answer.followups):
        assert part is not None
        assert part.ephemeral
        for file in part.message.attachments:
            text = (await file.read()).decode("utf-8-sig")
            files[file.filename] = list(csv.DictReader(io.StringIO(text, newline="")))
    people = {row["member"]: row for row in files["attendance.csv"]}
    assert {name: (row["attended_30"], row["of_30"], row["percent_30"]) for name, row in people.items()} == {
        "Anna": ("2", "2", "100.0"),
        "'=Bert": ("1", "2", "50.0"),
        "Olga": ("2", "2", "100.0"),
    }
    assert [row["raid"] for row in files["attendance-raids.csv"]] == ["Plane of Fear", "Plane of Fear"]
    assert len(files["attendance-credits.csv"]) == await owner.fetchval("SELECT count(*) FROM tick_credit")

    told = await weeks.night.types(weeks.olga, "attendance export", format="json")
    [file] = [file for part in (told.response, *told.followups) if part for file in part.message.attachments]
    assert {row["member"]: row["attended_30"] for row in json.loads(await file.read())["members"]} == {
        "Anna": 2, "=Bert": 1, "Olga": 2,
    }  # fmt: skip


async def test_members_export_nothing_and_who_does_not_count_is_told_so(weeks: Weeks) -> None:
    assert await weeks.says(weeks.anna, "attendance export") == (
        "Only officers may export attendance; ask one of them."
    )
    guest = weeks.night.join("Gus")
    await weeks.night.settle()
    assert (await weeks.says(guest, "attendance show")).startswith("Only ")
    assert await weeks.says(weeks.anna, "attendance show", member="Gus") == (
        "Gus does not count yet: attendance begins on becoming a member, or with the first tick."
    )
    assert "Nobody here by that name" in await weeks.says(weeks.anna, "attendance show", member="Nobody at all")
