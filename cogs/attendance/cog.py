"""`/attendance show, leaderboard, export`: how often people were there."""

import asyncio
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Literal

import discord
from discord import app_commands
from discord.ext import commands

from bot import people
from bot.kit import charts, pickers, sheets
from bot.kit.door import Door
from bot.kit.pages import show_pages
from bot.kit.text import clip, safe, when
from bot.stage import Session
from cogs.attendance.rules import FEWEST_RAIDS, LIFETIME, VOTE_DAYS, VOTE_PERCENT, Window, trend
from cogs.attendance.service import exports, standings
from cogs.attendance.service.figures import Record, record_of

if TYPE_CHECKING:
    from bot.app import Quartermaster

Days = Literal["7", "30", "60", "90", "lifetime"]
Format = Literal["csv", "json"]


def _window(days: Days) -> Window:
    return LIFETIME if days == "lifetime" else int(days)


def _named(window: Window) -> str:
    return "lifetime" if window is None else f"{window} days"


class AttendanceCog(commands.Cog, name="Attendance"):
    attendance = app_commands.Group(name="attendance", description="Who was there, and how often")

    def __init__(self, bot: "Quartermaster") -> None:
        self.bot = bot

    @attendance.command(name="show", description="Attendance over 7, 30, 60, 90 days and all time, streaks and trend")
    @app_commands.describe(member="Whose attendance; yours when left out")
    async def show(self, interaction: discord.Interaction[Any], member: str | None = None) -> None:
        door = Door(interaction)
        await door.later()

        async def look(session: Session) -> tuple[Record, bool]:
            meant = await people.get_person(session, member) if member else session.member
            record = await record_of(session, meant)
            return record, record.member_id == session.member.member_id

        record, own = await door.stage.read(door.actor, "attendance.view", look)
        if record.counts_from is None:
            who = "You do" if own else f"{safe(record.member_name)} does"
            await door.say(f"{who} not count yet: attendance begins on becoming a member, or with the first tick.")
            return
        drawn = {_named(window): figure.percent for window, figure in record.windows.items() if figure.total}
        title = f"{clip(record.member_name, 30)}: attendance in %"
        bars = charts.bars("attendance", title, list(drawn), list(drawn.values()), top=Decimal(100)) if drawn else None
        await door.say(in_words(record, own=own), file=await bars if bars is not None else None)

    @attendance.command(name="leaderboard", description="Active members by attendance, the most first")
    @app_commands.describe(window="Over how many days; 30 when left out")
    async def leaderboard(self, interaction: discord.Interaction[Any], window: Days = "30") -> None:
        door = Door(interaction)
        await door.later()

        async def look(session: Session) -> tuple[str, list[str]]:
            found = await standings.leaderboard(session, _window(window))
            own = [line.place for line in found if line.member_id == session.member.member_id]
            over = "all time" if window == "lifetime" else f"last {window} days"
            counted = f"{len(found)} {'person' if len(found) == 1 else 'people'}"
            by = " · by ticks" if session.guild.attendance_count == "ticks" else ""
            you = f" · you are number {own[0]}" if own else ""
            return f"**Attendance**, {over}{by} · {counted}{you}", [line.in_words() for line in found]

        heading, lines = await door.stage.read(door.actor, "attendance.view", look)
        await show_pages(door, heading, lines, empty="Nobody to show here yet: attendance comes with the first tick.")

    @attendance.command(name="export", description="Everybody's attendance as files, with all it is reckoned from")
    @app_commands.describe(format="csv for spreadsheets (default), json for programs")
    async def export(self, interaction: discord.Interaction[Any], format: Format = "csv") -> None:
        door = Door(interaction)
        await door.later()
        exported = await door.stage.read(door.actor, "attendance.export", exports.export)
        counted = f"{len(exported.members)} people and {len(exported.raids)} raids, counted by {exported.counted_by}"
        # Years of raids are long to write, and others wait for their answers meanwhile.
        if format == "json":
            written = [("attendance.json", await asyncio.to_thread(exported.as_json))]
        else:
            written = await asyncio.to_thread(exported.as_csv)
        what_else = " The files that follow are what it is reckoned from." if len(written) > 1 else ""
        for number, (name, content) in enumerate(written):
            words = None if number else f"Attendance of {counted}.{what_else}"
            await door.say(words, file=await asyncio.to_thread(sheets.attachment, name, content))

    @show.autocomplete("member")
    async def _whose(self, interaction: discord.Interaction[Any], typed: str) -> list[app_commands.Choice[str]]:
        return await pickers.offer("attendance.view", pickers.people)(self, interaction, typed)


def in_words(record: Record, *, own: bool) -> str:
    """A person's attendance, a line a window; then streaks, trend, since when it counts, and the vote."""
    assert record.counts_from is not None
    whose = "Your" if own else f"{safe(record.member_name)}'s"
    lines = [f"**{whose} attendance**, by {'ticks' if record.by_ticks else 'raids'}"]
    for window, figure in record.windows.items():
        how_many = f" · {figure.attended} of {figure.total}" if figure.total else ""
        lines.append(f"`{_named(window):>8}` **{figure.in_words()}**{how_many}")
    lines.append(f"In a row: **{record.streak.current}** now, {record.streak.best} at best.")
    last = record.windows[VOTE_DAYS]
    if (moved := trend(last, record.before)) is not None:
        lines.append(f"Trend: **{moved}**, {last.in_words()} after {record.before.in_words()} in the 30 days before.")
    lines.append(f"Counts from {when(record.counts_from, 'D')}.")
    lines.append(_vote(record, own=own))
    return "\n".join(lines)


def _vote(record: Record, *, own: bool) -> str:
    takes = f"Voting takes {VOTE_PERCENT} % of the last 30 days"
    if not record.reaches_vote_by_raids:
        held = f"{record.raids_lately} {'raid' if record.raids_lately == 1 else 'raids'}"
        return f"{takes}; with {held} held in them, fewer than {FEWEST_RAIDS}, nobody reaches it by attendance."
    who = "you" if own else "they"
    reached = record.windows[VOTE_DAYS].reaches(VOTE_PERCENT)
    return f"{takes}: {who} {'reach it' if reached else 'do not reach it'}."
