"""What somebody holds, and what they can spend, is read by themselves alone, whoever else tries whatever there is."""

import json
import logging
import re
from collections.abc import AsyncIterator, Iterator
from decimal import Decimal
from typing import Any

import asyncpg
import pytest
import simcord

from tests.stories.conftest import Night, said
from tests.stories.curious import Curious

GOODS = {"Vera": {"Ring of Lead": 1217, "Cloak of Ash": 2346}, "Willem": {"Orb of Salt": 1409, "Belt of Rust": 733}}
"""Who leads what at how much: each price is public, the sums are not."""
POINTS = {"Vera": 9431, "Willem": 7829}
TOO_MUCH = 8888
"""What Vera bid once and could not: her own affair, too."""
LEAST = 500
"""Smaller numbers are found everywhere."""
ENDING = (
    "raid start", "auction close", "auction void", "auction cancel", "raid undo-tick", "raid end", "raid cancel",
    "dkp undo",
)  # fmt: skip
"""Tried last and in this order, each on a night that has everything again."""
TEXTS: dict[str, Any] = {
    "member": "Vera", "members": "Vera Willem", "owner": "Vera", "to": "Vera", "who": "Vera",
    "amount": 5.0, "points": 10.0, "minimum": 1.0, "increment": 1.0, "level": 60, "days": 30,
    "name": "Something", "character_class": "Bard", "event": "Plane of Fear", "item": "Gem of Nothing",
    "reason": "because of the test", "note": "a note", "text": "Vera\nWillem", "lines": "Gem of Something @ 3",
    "duration": "1h", "every": "30m", "on_time": "15m", "snipe_window": "20s", "snipe_extension": "20s",
    "timezone": "Berlin", "zone": "Europe/Berlin",
}  # fmt: skip


def forms_of(number: Decimal) -> re.Pattern[str]:
    """A number as it may be written: plain, in thousands, or as the cents a button carries."""
    digits = str(abs(int(number)))
    return re.compile(rf"(?<!\d)(?:{digits[:-3]}[,.’ ]?{digits[-3:]}|{digits}00)(?!\d)")


_DRAWN_AT_RANDOM = re.compile(r'"[0-9a-f]{32}"')
"""What discord.py calls a button of a message that is not kept: its digits are nobody's points."""


class Watch(logging.Handler):
    """Reads all that leaves the bot, for whom it is, and finds the numbers that are none of theirs."""

    def __init__(self, night: Night, owner: asyncpg.Connection) -> None:
        super().__init__(logging.INFO)
        self.night, self.owner = night, owner
        self.holders: dict[str, simcord.MemberActor] = {}
        self.secrets: dict[str, set[Decimal]] = {}
        self.leaks: list[str] = []
        self.read = 0
        self._requests = self._blobs = 0
        self._logged: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self._logged.append(logging.Formatter().format(record))

    async def look(self, doing: str) -> None:
        """Compare what left the bot since the last look with the secrets there were then and there are now."""
        now = await self._secrets_now()
        known = {name: self.secrets.get(name, set()) | now[name] for name in now}
        public = {row["balance"] for row in await self.owner.fetch("SELECT balance FROM account")}
        for reader, text in self._since():
            self.read += 1
            for name in self.holders:
                for secret in known[name] - public if reader != self.holders[name].id else ():
                    if found := forms_of(secret).search(text):
                        around = text[max(0, found.start() - 80) : found.end() + 40]
                        self.leaks.append(f"{doing}: {secret:f} of {name} in …{around}…")
        self.secrets = now

    async def _secrets_now(self) -> dict[str, set[Decimal]]:
        query = """
            SELECT display_name, balance, held,
                   (SELECT count(*) FROM hold WHERE hold.member_id = member.member_id) AS bids
            FROM account JOIN member USING (guild_id, member_id)"""
        secrets: dict[str, set[Decimal]] = {name: set() for name in self.holders}
        for row in await self.owner.fetch(query):
            if row["display_name"] in secrets and row["bids"]:
                one_bid_is_public = set() if row["bids"] == 1 else {row["held"]}
                secrets[row["display_name"]] = {row["balance"] - row["held"]} | one_bid_is_public
        secrets["Vera"].add(Decimal(TOO_MUCH))
        return {name: {one for one in numbers if abs(one) >= LEAST} for name, numbers in secrets.items()}

    def _since(self) -> Iterator[tuple[int | None, str]]:
        """(user it is for, or None for everybody, text) of every request, file and line of the log."""
        backend = self.night.env.backend
        in_dm = {channel_id: user_id for user_id, channel_id in backend.dm_channels.items()}
        requests = self.night.env.http_requests
        for request in requests[self._requests :]:
            reader = None
            for part in request.path.split("/"):
                if part in backend.interaction_tokens:
                    reader = backend.interactions[backend.interaction_tokens[part]].user_id
                elif part.isdigit() and int(part) in in_dm:
                    reader = in_dm[int(part)]
            text = json.dumps([request.json, request.reason], ensure_ascii=False, default=str)
            yield reader, _DRAWN_AT_RANDOM.sub('""', text)
        blobs = list(backend.cdn._blobs.values())
        for blob in blobs[self._blobs :]:
            yield None, blob.decode(errors="replace")
        for line in self._logged:
            yield None, line
        self._requests, self._blobs, self._logged = len(requests), len(blobs), []


class House:
    """A guild whose Vera and Willem lead two auctions each, over and over, whatever is closed and cancelled."""

    def __init__(self, night: Night, owner: asyncpg.Connection) -> None:
        self.night, self.watch, self.owner, self.count = night, Watch(night, owner), owner, 0

    async def open(self) -> None:
        night, guild = self.night, self.night.guild
        groups = ("developer", "officer", "recruiter", "member", "raid_leader")
        self.roles = {group: guild.create_role(group) for group in groups}
        self.voice = guild.create_voice_channel("Raid voice")
        self.people = {name: night.join(name, roles=[self.roles["member"]]) for name in POINTS}
        await night.settle()
        asked = await night.types(night.officer, "settings roles", **self.roles)
        await night.presses(night.officer, asked.response, "Map and adopt")
        self.officer = night.join("Olga", roles=[self.roles["officer"]])
        await night.settle()
        for name, balance in POINTS.items():
            await night.types(self.officer, "dkp adjust", member=name, amount=balance, reason="moved in with it")
            await night.types(self.people[name], "character add", name=f"{name}s main", character_class="Cleric")
        self.watch.holders = self.people
        await self.fill()
        await night.types(self.officer, "auction start", item="Crown of Want", minimum=5, duration="6h")
        refused = said(await night.types(self.people["Vera"], "auction bid", auction="Crown of Want", amount=TOO_MUCH))
        assert f"You can spend {POINTS['Vera'] + 10 - 1217 - 2346}" in refused, "ten are the tick's"

    async def viewer(self, group: str) -> Curious:
        roles = [self.roles["member"], self.roles[group]] if group == "raid_leader" else [self.roles[group]]
        who = self.night.join("Zoe", roles=roles)
        await self.night.settle()
        await self.night.types(self.officer, "dkp adjust", member="Zoe", amount=41, reason="for some bids")
        texts = TEXTS | {"a role": self.roles["recruiter"], "a voice channel": self.voice}
        return Curious(self.night, who, texts)

    async def veras(self) -> str:
        """What is picked for an auction that Vera leads."""
        query = """SELECT min(auction_id) FROM hold JOIN member USING (guild_id, member_id)
                   WHERE display_name = 'Vera'"""
        return f"#{await self.owner.fetchval(query)}"

    async def fill(self) -> None:
        """A raid runs with a tick, and each holder leads two auctions or more."""
        night = self.night
        running = "SELECT max(raid_id) FROM raid WHERE status = 'running'"
        if not await self.owner.fetchval(running):
            await self.officer.slash(night.channel, "raid start", event=f"Plane of Fear {self.count}")
            await self.officer.slash(night.channel, "raid add", members="Vera Willem")
            await self.officer.slash(night.channel, "raid tick")
        for name, goods in GOODS.items():
            query = """SELECT balance, held, (SELECT count(*) FROM hold WHERE member_id = account.member_id) AS holds
                       FROM account JOIN member USING (guild_id, member_id) WHERE display_name = $1"""
            account = await self.owner.fetchrow(query, name)
            assert account is not None
            if account["balance"] - account["held"] < sum(goods.values()):
                gift = {"member": name, "amount": 7003, "reason": "spent a lot"}
                await self.officer.slash(night.channel, "dkp adjust", **gift)
            if account["holds"] >= 2:
                continue
            for item, price in goods.items():
                self.count += 1
                raid = f"#{await self.owner.fetchval(running)}"
                terms = {"minimum": price, "duration": "6h", "bidders": "members", "raid": raid}
                await self.officer.slash(night.channel, "auction start", item=f"{item} {self.count}", **terms)
                bid = {"auction": f"{item} {self.count}", "amount": price}
                answer = said(await self.people[name].slash(night.channel, "auction bid", **bid))
                assert f"You lead **{item} {self.count}** at {price}" in answer
        await night.settle()


@pytest.fixture
async def house(night: Night, owner: asyncpg.Connection) -> AsyncIterator[House]:
    made = House(night, owner)
    for name in ("bot", "cogs", "discord", "sqlalchemy"):
        logging.getLogger(name).addHandler(made.watch)
    await made.open()
    yield made
    for name in ("bot", "cogs", "discord", "sqlalchemy"):
        logging.getLogger(name).removeHandler(made.watch)


@pytest.mark.parametrize("group", ["member", "raid_leader", "officer", "developer"])
async def test_no_door_shows_what_another_holds_or_can_spend(house: House, group: str) -> None:
    night, watch = house.night, house.watch
    zoe = await house.viewer(group)
    commands = {command.qualified_name: command for command in zoe.commands()}
    assert set(ENDING) <= set(commands)

    async def try_all(name: str) -> None:
        zoe.texts["auction"] = await house.veras()
        await zoe.try_completions(commands[name])
        await zoe.try_command(commands[name])
        await watch.look(zoe.doing)

    for name in commands:
        if name not in ENDING:
            await try_all(name)
    for amount in (-20.0, -9000.0):
        await zoe.type("dkp adjust", member="Willem", amount=amount, reason="broke the vase")
    await house.fill()
    await zoe.try_boards()
    await night.types(house.people["Willem"], "auction bid", auction=await house.veras(), amount=2400)
    await watch.look("boards, and Vera outbid")
    for name in ENDING:
        await house.fill()
        await try_all(name)
    acts = await zoe.who.autocomplete(night.channel, "dkp undo", "what", "")
    for act in {act["value"].split(":")[0]: act["value"] for act in acts}.values():
        await zoe.type("dkp undo", what=act, reason="one of each kind")
        await watch.look(zoe.doing)

    await house.fill()
    await night.wait(8 * 3600)
    assert await house.owner.fetchval("SELECT count(*) FROM hold") == 0, "everything was won by somebody"
    await watch.look("what was posted at the end")
    for member in POINTS:
        for name in ("audit search", "dkp history", "dkp balance", "loot history"):
            await zoe.type(name, member=member)
    await watch.look("the evening read again")
    assert not watch.leaks, "\n".join(watch.leaks)
    assert zoe.tried == set(commands)
    assert watch.read > 200


async def test_the_watch_would_find_a_number_that_reaches_somebody_else(house: House) -> None:
    watch, vera = house.watch, house.people["Vera"]
    await watch.look("all that led here")
    assert "minus 3563 held" in said(await house.night.types(vera, "dkp balance"))
    await watch.look("Vera reads her own")
    assert watch.leaks == []
    watch.holders["Vera"] = house.people["Willem"]
    await house.night.types(vera, "dkp balance")
    await watch.look("as if she were another")
    assert [leak.split(" in ")[0].split(": ")[1] for leak in sorted(watch.leaks)] == [
        "3563.00 of Vera",
        "5878.00 of Vera",
    ]
