"""Everything given out, and taken in elsewhere: the same balances, pools, people, attendance and loot."""

import csv
import io
import json
import random
import zipfile
from decimal import Decimal
from typing import Any, Literal

import asyncpg
import pytest
from sqlalchemy import text as sql
from sqlalchemy import update

from bot import people
from bot.stage import Actor, Session, Stage
from cogs.attendance.service import exports as attendance
from cogs.dkp.service import adjustments, ledger
from cogs.dkp.service.undoing import EntryUndo, undo
from cogs.loot import service as loot
from cogs.members.service import characters, presence
from cogs.moving.rules.document import DoesNotAddUp, UnreadableFile
from cogs.moving.service import exporting
from cogs.moving.service.exporting import ExportTooLarge
from cogs.raids.service import evening, roster, ticks
from cogs.raids.service import undo as raid_undo
from db.tables import Pool, RaidMember
from tests.conftest import MovableClock, person
from tests.eqdkp_export import make
from tests.services.test_dkp.words import give, hold_for, meet
from tests.services.test_moving.files import export as eqdkp
from tests.services.test_moving.files import player
from tests.services.test_moving.house import OFFICER, given, take_in

LARGE = 25 * 1024 * 1024
NUMBERS = ("amount", "balance", "balance after", "earned", "spent", "adjusted", "cost", "start")
NAMES = ("Bob", "=cmd|' /C calc'!A0", "Zoë", "Ivan", "Mallory", "Ann B.")


async def out(
    stage: Stage, by: Actor = OFFICER, kind: Literal["csv", "json"] = "json", pool: str | None = None
) -> bytes:
    return (await exporting.export(stage, by, kind, pool, LARGE)).file.getvalue()


def opened(data: bytes) -> dict[str, str]:
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        return {name: archive.read(name).decode("utf-8-sig") for name in archive.namelist()}


class Life:
    """A guild that lives: raids, ticks, loot, gifts, mistakes taken back, people who leave and return."""

    def __init__(self, stage: Stage, clock: MovableClock, guild_id: int, seed: int) -> None:
        stage.registry.undo["entry"] = EntryUndo()
        self.stage, self.clock, self.guild_id = stage, clock, guild_id
        self.dice = random.Random(seed)
        self.officer = person(10, "Anna", guild_id=guild_id, manage_guild=True)
        self.people = [person(200_000_000_000_000_000 + n, name, guild_id=guild_id) for n, name in enumerate(NAMES)]

    async def live(self, acts: int) -> None:
        await meet(self.stage, self.officer, *self.people)
        await self.stage.run(self.officer, self._second_pool)
        for number, one in enumerate(self.people[:4]):
            await characters.add_character(self.stage, one, f"Main {'abcdef'[number]}", "Cleric", 60)
        await characters.add_character(self.stage, self.people[0], "Altalot", "Rogue")
        file = eqdkp(player(1, "Old Hand", earned=31, items=[("Rust", 4)]), player(2, "Main a", earned=9))
        await take_in(self.stage, given(file), by=self.officer)
        for _ in range(acts):
            self.clock.move(hours=self.dice.randrange(3, 40))
            await self.dice.choice((self._raid, self._raid, self._gift, self._award, self._undo, self._leave_return))()

    async def _second_pool(self, session: Session) -> None:
        row = {"name": "Alt Points", "name_key": "alt points", "decimals": 2, "floor": Decimal(-20)}
        session.add(Pool(guild_id=self.guild_id, created_at=session.now, start_on="join", transfers=True, **row))
        default = update(Pool).where(Pool.guild_id == self.guild_id, Pool.is_default)
        await session.execute(default.values(name="Raid Points", name_key="raid points", decimals=1))

    async def _raid(self) -> None:
        pool = self.dice.choice(("Raid Points", "Alt Points"))
        started = await evening.start_raid(
            self.stage,
            self.officer,
            event=f"Plane of {pool}",
            channel_id=5,
            pool=pool,
            tick_points=self.dice.choice((5, 7.5, 0)),
        )
        there = self.dice.sample(self.people, self.dice.randrange(1, 5))
        for one in there:
            seat = roster.stand_by if self.dice.random() < 0.2 else roster.check_in
            await seat(self.stage, one, started.raid_id)
        for _ in range(self.dice.randrange(1, 4)):
            self.clock.move(minutes=20)
            await ticks.take_tick(self.stage, self.officer, started.raid_id)
        if self.dice.random() < 0.3:
            tick_id = await self._newest("SELECT max(tick_id)")
            await raid_undo.undo_tick(self.stage, self.officer, tick_id, "wrong button")
            await ticks.take_tick(self.stage, self.officer, started.raid_id)
        if self.dice.random() < 0.2:
            await evening.cancel_raid(self.stage, self.officer, started.raid_id, "never happened")
            return
        await evening.end_raid(self.stage, self.officer, started.raid_id)
        if self.dice.random() < 0.3:

            async def excuse(session: Session) -> None:
                mine = (RaidMember.guild_id == self.guild_id, RaidMember.raid_id == started.raid_id)
                await session.execute(update(RaidMember).where(*mine).values(status="excused"))

            await self.stage.run(self.officer, excuse)

    async def _newest(self, what: str) -> int:

        async def look(session: Session) -> int:
            return (await session.execute(sql(f"{what} FROM tick WHERE guild_id = {self.guild_id}"))).scalar_one()

        return await self.stage.run(self.officer, look)

    async def _gift(self) -> None:
        who = self.dice.choice(self.people)
        amount = Decimal(self.dice.randrange(-300, 500)).scaleb(-1) or Decimal(1)
        kind = self.dice.choice(("adjustment", "bonus", "penalty", "correction"))
        pool = self.dice.choice(("Raid Points", "Alt Points"))
        await adjustments.adjust(self.stage, self.officer, f"<@{who.user_id}>", amount, "because of it", pool, kind)

    async def _award(self) -> None:
        who = self.dice.choice(self.people)
        cost = Decimal(self.dice.choice((0, 3, 12)))

        async def work(session: Session) -> None:
            found = await people.find_by_user(session, who.user_id or 0)
            assert found is not None
            pool = await ledger.default_pool(session)
            accounts = await ledger.lock_accounts(session, [(pool.pool_id, found.member_id)])
            new = loot.NewAward(
                self.dice.choice(("Cloak", "=Ring")), pool.pool_id, cost, "bid in game" if cost else "roll"
            )
            await loot.record_award(session, new, found, accounts)

        await self.stage.run(self.officer, work)

    async def _undo(self) -> None:
        choices = await self.stage.run(self.officer, lambda session: EntryUndo().recent(session, ""))
        if choices:
            await undo(self.stage, self.officer, f"entry:{self.dice.choice(choices).value}", "a mistake")

    async def _leave_return(self) -> None:
        who = self.dice.choice(self.people[2:])
        await self.stage.run(Actor.itself(self.guild_id), lambda session: presence.depart(session, who.user_id or 0))
        if self.dice.random() < 0.7:
            self.clock.move(hours=30)
            seen = people.Seen(who.user_id or 0, who.name, frozenset())
            await self.stage.run(Actor.itself(self.guild_id), lambda session: presence.arrive(session, seen))


async def picture(owner: asyncpg.Connection, guild_id: int) -> dict[str, Any]:
    """What must be the same in both guilds, by names and dates, read behind everybody's back."""
    queries = {
        "balances": """
            SELECT m.display_name, p.name, a.balance, a.earned, a.spent, a.adjusted, a.opening
            FROM account a JOIN member m USING (guild_id, member_id) JOIN pool p USING (guild_id, pool_id)
            WHERE guild_id = $1 AND (a.balance, a.earned, a.spent, a.adjusted, a.opening) <> (0, 0, 0, 0, 0)""",
        "pools": """SELECT name, is_default, decimals, floor, cap, start, start_on, transfers FROM pool
            WHERE guild_id = $1""",
        "characters": """SELECT m.display_name, c.name, character_class, level, is_main
            FROM character c JOIN member m ON m.guild_id = c.guild_id AND m.member_id = owner_member_id
            WHERE c.guild_id = $1 AND retired_at IS NULL""",
        "attendance": """
            SELECT r.name, r.started_at, t.taken_at, t.value, m.display_name, c.standby, c.entry_id IS NULL AS unpaid
            FROM tick_credit c JOIN tick t USING (guild_id, tick_id) JOIN raid r USING (guild_id, raid_id)
            JOIN member m USING (guild_id, member_id)
            WHERE guild_id = $1 AND t.undone_at IS NULL AND r.status = 'ended'""",
        "rosters": """
            SELECT r.name, r.started_at, m.display_name, s.status, s.late FROM raid_member s
            JOIN raid r USING (guild_id, raid_id) JOIN member m USING (guild_id, member_id)
            WHERE guild_id = $1 AND r.status = 'ended'""",
        "loot": """
            SELECT item_name, member_name, cost, how, awarded_at, p.name
            FROM award JOIN pool p USING (guild_id, pool_id)
            WHERE guild_id = $1 AND undone_at IS NULL""",
        "counted from": """SELECT display_name, became_member_at, last_credit_at FROM member WHERE guild_id = $1
            AND member_id IN (SELECT member_id FROM tick_credit WHERE guild_id = $1)
            AND display_name NOT IN (SELECT display_name FROM member WHERE guild_id = 1 AND left_at IS NOT NULL)""",
    }  # fmt: skip
    return {name: sorted(map(repr, await owner.fetch(query, guild_id))) for name, query in queries.items()}


async def figures(stage: Stage, guild_id: int) -> dict[str, tuple[int, ...]]:
    """Attendance of everybody who was ever credited, as the guild itself reckons it: attended and of how many."""
    reckoned = await stage.run(Actor.itself(guild_id), attendance.export)
    return {
        one.member: (
            one.attended_30, one.of_30, one.attended_60, one.of_60, one.attended_90, one.of_90,
            one.attended_lifetime, one.of_lifetime,
        )
        for one in reckoned.members
        if one.attended_lifetime
    }  # fmt: skip


@pytest.mark.parametrize("seed", range(4))
async def test_an_export_taken_in_by_an_empty_guild_is_the_same_guild(
    stage: Stage, clock: MovableClock, owner: asyncpg.Connection, seed: int
):
    life = Life(stage, clock, 1, seed)
    await life.live(30)
    before, attended = await picture(owner, 1), await figures(stage, 1)
    assert all(before.values())
    assert attended
    there = person(99, "Zara", guild_id=2, manage_guild=True)
    await take_in(stage, given(await out(stage, life.officer), "export.zip"), by=there)
    after = await picture(owner, 2)
    for part, rows in before.items():
        assert after[part] == rows, part
    assert await figures(stage, 2) == attended
    for check in (ledger.imbalances, presence.inconsistencies):
        assert await stage.run(Actor.itself(2), check) == []
    assert await owner.fetchval("SELECT count(*) FROM member WHERE guild_id = 2 AND discord_user_id IS NOT NULL") == 1

    # And once more from there: what moved twice is still the same.
    third = person(98, "Yuri", guild_id=3, manage_guild=True)
    await take_in(stage, given(await out(stage, there), "export.zip"), by=third)
    assert await picture(owner, 3) == after
    assert await figures(stage, 3) == attended


async def test_who_is_in_the_new_server_too_is_known_by_their_discord_account(guild: Stage, owner: asyncpg.Connection):
    bob = person(11, "Bob")
    await meet(guild, bob)
    await give(guild, "Bob", 40, by=OFFICER)
    there = person(99, "Zara", guild_id=2, manage_guild=True)
    await meet(guild, there, person(11, "Robert", guild_id=2))
    await take_in(guild, given(await out(guild), "export.zip"), by=there)
    query = "SELECT display_name, balance FROM account JOIN member USING (guild_id, member_id) WHERE guild_id = 2"
    assert [tuple(row) for row in await owner.fetch(query)] == [("Robert", 40)]


async def test_an_export_that_was_changed_is_refused_with_its_rows(guild: Stage):
    await meet(guild, person(11, "Bob"))
    await give(guild, "Bob", 40, by=OFFICER)
    document = json.loads(opened(await out(guild))["quartermaster.json"])
    document["ledger"][0]["amount"] = "41"
    with pytest.raises(DoesNotAddUp, match="balances row 1: adjusted is 40, and the entries come to 41"):
        given(json.dumps(document), "export.json")
    document["ledger"][0]["amount"] = "40"
    document["quartermaster_export"] = 2
    with pytest.raises(UnreadableFile, match="another version of me"):
        given(json.dumps(document), "export.json")


async def test_tables_open_in_a_spreadsheet_and_no_cell_is_a_formula(
    stage: Stage, clock: MovableClock, owner: asyncpg.Connection
):
    life = Life(stage, clock, 1, 7)
    await life.live(12)
    data = await out(stage, life.officer, "csv")
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        assert sorted(archive.namelist()) == ["attendance.csv", "balances.csv", "ledger.csv", "loot.csv"]
        assert all(archive.read(name).startswith(b"\xef\xbb\xbf") for name in archive.namelist())
    tables = {name: list(csv.DictReader(io.StringIO(text))) for name, text in opened(data).items()}
    for rows in tables.values():
        for row in rows:
            for column, value in row.items():
                number = column in (
                    "amount",
                    "balance",
                    "balance after",
                    "earned",
                    "spent",
                    "adjusted",
                    "cost",
                    "start",
                )
                assert number or not value.startswith(("=", "+", "-", "@")), (column, value)
    entries = await owner.fetchval("SELECT count(*) FROM ledger_entry WHERE guild_id = 1")
    assert len(tables["ledger.csv"]) == entries
    total = await owner.fetchval("SELECT sum(balance) FROM account WHERE guild_id = 1")
    assert sum(Decimal(row["balance"]) for row in tables["balances.csv"]) == total
    assert any(row["member"].startswith("'=cmd") for row in tables["balances.csv"])
    assert len(tables["attendance.csv"]) == await owner.fetchval("SELECT count(*) FROM tick_credit")
    assert len(tables["loot.csv"]) == await owner.fetchval("SELECT count(*) FROM award")

    there = person(99, "Zara", guild_id=2, manage_guild=True)
    done = await take_in(stage, given(data, "tables.zip"), by=there)
    assert sum(done.totals.values()) == total, "balances.csv is what is read of our own tables"
    names = await owner.fetch("SELECT display_name FROM member WHERE guild_id = 2")
    assert NAMES[1] in {row["display_name"] for row in names}, "without the apostrophe"


async def test_one_pool_is_given_out_alone(guild: Stage):
    await meet(guild, person(11, "Bob"))

    async def second(session: Session) -> None:
        session.add(Pool(guild_id=1, name="Other", name_key="other", created_at=session.now))

    await guild.run(OFFICER, second)
    await give(guild, "Bob", 40, by=OFFICER)
    await give(guild, "Bob", 2, by=OFFICER, pool="Other")
    document = json.loads(opened(await out(guild, pool="Other"))["quartermaster.json"])
    assert [entry["amount"] for entry in document["ledger"]] == ["2.00"]
    assert [pool["name"] for pool in document["pools"]] == ["Other"]


async def test_no_export_has_a_hold_in_it(guild: Stage):
    bob = person(11, "Bob")
    await meet(guild, bob)
    await give(guild, "Bob", 9000, by=OFFICER)
    await hold_for(guild, bob, "Cloak of Flames", 1357)
    for kind in ("csv", "json"):
        for text in opened(await out(guild, kind=kind)).values():
            assert "1357" not in text
            assert "7643" not in text, "nor what is left beside it"
            assert "Cloak" not in text


async def test_what_the_server_does_not_take_is_said_and_not_sent(guild: Stage):
    await take_in(guild, given(make(players=300).xml))
    with pytest.raises(ExportTooLarge, match="larger than the 0 MB this server takes, even zipped: export one pool"):
        await exporting.export(guild, OFFICER, "json", None, 80_000)


async def test_a_copy_taken_is_written_down(guild: Stage, owner: asyncpg.Connection):
    await out(guild)
    row = await owner.fetchrow("SELECT actor_name, after FROM audit WHERE action = 'moving.exported'")
    assert row is not None
    assert row["actor_name"] == "Anna"
