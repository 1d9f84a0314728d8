"""What nobody should type is answered in one private sentence: nothing changed, nobody pinged, no board broken."""

import gzip
import math
from collections.abc import AsyncIterator
from typing import Any

import asyncpg
import pytest
import simcord
from discord import AppCommandOptionType as Kind

from tests.stories.careful import Careful, too_large
from tests.stories.conftest import Night, said, text_of
from tests.stories.curious import Curious

NASTY = "**b** @everyone <@123> ||s|| [a](https://evil.example) 😀👩‍👧 مرحبا \u202egnp.exe `c`"
NAMES = {
    "markdown, mentions, emoji and arabic": NASTY,
    "lines": "Ring\n# of\r\n- @here\n> Fire",
    "controls and half a character": "Ring\0of\x07Fire\x1b[31m\ud800!",
    "nothing that is drawn": "\u200b\u2060\u202e\u200d\u3164",
    "without end": "*" * 3000 + "Z" + "\u0336" * 2999,
}
NUMBERS = (math.nan, math.inf, -math.inf, 1e12, 1e308, 1e-9, 10.005, -0.0, 0.0, -5.0)
TYPED = (
    "nan", "inf", "-inf", "1e12", "10.005", "-0", "0", "-5", "1e-9", "９９９９９９９９９９９", "ten", "1_0", "4" * 20,
)  # fmt: skip
SPANS = (
    "0s", "-5m", "5", "nan", "1e9h", "99999999999d", "1h1h", "s", "1.5.5h", "٣m", "8d", "\u200b", "9" * 6000, NASTY,
)  # fmt: skip
TEXTS: dict[str, Any] = {
    "member": "Bob", "members": "Bob", "owner": "Bob", "amount": 5.0, "points": 10.0, "minimum": 1.0, "increment": 1.0,
    "level": 60, "days": 30, "name": "Something", "character_class": "Bard", "event": "Fear", "item": "Gem",
    "reason": "because of the test", "duration": "1h", "every": "30m", "timezone": "Berlin", "text": "Bob",
}  # fmt: skip
_LETTERS = str.maketrans("0123456789", "ghijklmnop")
ENDING = ("auction close", "auction cancel", "raid end", "raid cancel")


class Table:
    """An officer with everything up: a raid that runs with a tick, an auction, and Bob with a character and points."""

    def __init__(self, night: Night, owner: asyncpg.Connection) -> None:
        self.night, self.owner, self.careful = night, owner, Careful(night, owner)
        self.officer, self.bob = night.officer, night.join("Bob")

    async def lay(self) -> None:
        night = self.night
        await night.settle()
        await self.types("raid start", event="Fear", note="bring food")
        await self.types("raid add", members="Bob guildmaster")
        await self.types("raid tick", note="first")
        await self.types("dkp adjust", member="Bob", amount=100, reason="moved in")
        await self.types("dkp adjust", member="guildmaster", amount=100, reason="moved in")
        await self.types("auction start", item="Ring of Fire", duration="6h")
        await self.bob.slash(night.channel, "character add", name="Bobby")
        await night.settle()

    async def types(self, command: str, /, **options: Any) -> simcord.InteractionResult:
        return await self.officer.slash(self.night.channel, command, **options)

    async def refused(self, command: str, /, **options: Any) -> None:
        doing = f"/{command} { {name: str(value)[:60] for name, value in options.items()} }"
        await self.careful.refused(doing, self.types(command, **options))

    def card(self, words: str) -> Any:
        return [message for message in self.night.channel.history() if words in text_of(message)][-1]

    async def presses(self, message: Any, label: str) -> simcord.InteractionResult:
        return await self.officer.click(message, label=label)

    async def form(self, opens: simcord.InteractionResult, **texts: str) -> simcord.InteractionResult:
        return await self.officer.submit_modal(opens, texts)


@pytest.fixture
async def table(night: Night, owner: asyncpg.Connection) -> AsyncIterator[Table]:
    made = Table(night, owner)
    await made.lay()
    yield made
    await night.settle()
    made.careful.check()


@pytest.fixture
def forged(monkeypatch: pytest.MonkeyPatch) -> None:
    """Interactions as a program could send them: Discord's own client stops `nan` in a number and what is too long."""
    monkeypatch.setattr("simcord.interactions.validate_option_value", lambda command, option, value: value)


# --- amounts ----------------------------------------------------------------------------------------------------------

NUMBERS_OF: dict[str, tuple[str, dict[str, str], tuple[float, ...]]] = {
    "dkp adjust": ("amount", {"member": "Bob", "reason": "because"}, (-5.0,)),
    "auction bid": ("amount", {"auction": "Ring of Fire"}, ()),
    "auction start": ("minimum", {"item": "Gem"}, ()),
    "raid start": ("points", {"event": "Hate"}, (0.0,)),
    "raid tick": ("points", {}, (0.0,)),
    "loot award": ("cost", {"item": "Gem", "member": "Bob"}, (0.0,)),
}
"""command: (its number, what else it needs, which of `NUMBERS` it may take)."""


@pytest.mark.usefixtures("forged")
async def test_a_number_that_is_no_amount_is_refused_by_every_command(table: Table) -> None:
    for command, (option, given, allowed) in NUMBERS_OF.items():
        for number in NUMBERS:
            if str(number) not in map(str, allowed):
                await table.refused(command, **given, **{option: number})
    for number in NUMBERS:
        await table.refused("auction start", item="Gem", increment=number)


async def test_a_text_that_is_no_amount_is_refused_in_every_form(table: Table) -> None:
    careful = table.careful
    for typed in TYPED:
        form = await table.presses(table.card("Ring of Fire"), "Other…")
        await careful.refused(f"Other… {typed!r}", table.form(form, amount=typed[:20]))
        form = await table.types("auction batch")
        await careful.refused(f"batch {typed!r}", table.form(form, lines=f"Gem\nCrown @ {typed}"))
    panel = await table.types("setup")
    points = await table.presses(panel.response, "Points")
    for typed in TYPED:
        if typed != "0":
            form = await table.presses(points.response, "Name and points…")
            await careful.refused(f"pool {typed!r}", table.form(form, name="DKP", tick_points=typed[:15]))
    form = await table.presses(table.card("Ring of Fire"), "Other…")
    assert "You lead **Ring of Fire** at 10" in said(await table.form(form, amount="１０")), "digits all the same"


# --- times ------------------------------------------------------------------------------------------------------------


async def test_a_span_nobody_can_wait_is_refused(table: Table) -> None:
    for typed in SPANS:
        await table.refused("auction start", item="Gem", duration=typed)
        await table.refused("auction extend", auction="Ring of Fire", duration=typed)
        await table.refused("raid start", event="Hate", every=typed)


@pytest.mark.usefixtures("forged")
async def test_days_and_zones_there_are_none_of_are_refused(table: Table) -> None:
    for days in (0, -1, 10**9, 2**53):
        await table.refused("audit search", days=days)
    for typed in (*NAMES.values(), "", "Atlantis", "../../etc/passwd", "UTC+99"):
        await table.refused("settings guild", timezone=typed)


# --- names ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", NAMES)
async def test_every_text_of_every_command_takes_whatever_is_typed(table: Table, name: str) -> None:
    night, typed = table.night, NAMES[name]
    curious = Curious(night, table.officer, TEXTS | {"a role": None, "a voice channel": None})
    role, voice = night.guild.create_role("Role"), night.guild.create_voice_channel("Voice")
    curious.texts |= {"a role": role, "a voice channel": voice}
    for command in sorted(curious.commands(), key=lambda command: command.qualified_name in ENDING):
        for parameter in command.parameters:
            if parameter.type is not Kind.string or parameter.choices:
                continue
            if parameter.autocomplete:
                await table.officer.autocomplete(
                    night.channel, command.qualified_name, parameter.display_name, typed[:6000]
                )
            wanted = [p for p in command.parameters if p.required and p is not parameter]
            options = {p.display_name: await curious.value(command, p) for p in wanted}
            fits = typed[: int(parameter.max_value or 6000)]
            if len(fits) < int(parameter.min_value or 0):
                continue
            doing = f"/{command.qualified_name} {parameter.display_name}={name}"
            options[parameter.display_name] = fits
            await table.careful.answered(doing, table.types(command.qualified_name, **options))


async def test_every_form_takes_whatever_is_typed(table: Table) -> None:
    careful = table.careful
    lead = await table.presses(table.card("## Fear"), "Lead…")
    for name, typed in NAMES.items():
        for item in (typed, f"Gem x2 @ {typed}"):
            batch = await table.types("auction batch")
            await careful.answered(f"batch {name}", table.form(batch, lines=item[:4000]))
        paste = await table.presses(lead.response, "Import")
        await careful.answered(f"paste {name}", table.form(paste, text=typed[:4000]))
        tick = await table.presses(lead.response, "Tick")
        if "Take another" in said(tick):
            tick = await table.presses(tick.response, "Take another")
        undo = await table.presses(tick.followups[-1] if tick.followups else tick.response, "Undo")
        await careful.answered(f"undo {name}", table.form(undo, reason=typed[:500]))
        listed = await table.types("character list")
        if "Add your character" in said(listed):
            add = await table.presses(listed.response, "Add your character")
            answer = table.form(add, name=typed[:40], character_class=typed[:30], level=typed[:8])
            await careful.refused(f"character {name}", answer)
        panel = await table.types("setup")
        zones = await table.presses(panel.response, "Time zone")
        zone = await table.presses(zones.response, "Type a city…")
        await careful.refused(f"zone {name}", table.form(zone, zone=typed[:60]))
        panel = await table.types("setup")
        points = await table.presses(panel.response, "Points")
        pool = await table.presses(points.response, "Name and points…")
        await careful.answered(f"pool {name}", table.form(pool, name=typed[:60], tick_points="10"))


async def test_people_may_be_called_whatever_discord_lets_them_be_called(table: Table) -> None:
    night, careful = table.night, table.careful
    for bid, (name, typed) in enumerate(NAMES.items(), start=1):
        called = typed.replace("\ud800", "").replace("\0", "")[:32]
        zoe = night.join(f"zoe{bid}", nick=called)
        await night.settle()
        await careful.answered(f"seat {name}", zoe.click(table.card("## Fear"), label="Check in"))
        adjust = table.types("dkp adjust", member=zoe.mention, amount=50.0, reason="moved in")
        await careful.answered(f"adjust {name}", adjust)
        bids = await careful.answered(f"bid {name}", zoe.click(table.card("Ring of Fire"), label=f"Bid {bid}"))
        assert "You lead" in bids
        await night.settle()
        for command in ("raid show", "auction list", "dkp standings", "audit search"):
            await careful.answered(f"/{command} with {name}", table.types(command))
    await careful.answered("show", table.types("auction show", auction="Ring of Fire"))
    await careful.answered("close", table.types("auction close", auction="Ring of Fire", reason="enough"))
    await careful.answered("end", table.types("raid end"))


# --- files ------------------------------------------------------------------------------------------------------------


def strangers(count: int) -> bytes:
    return "\n".join(f"Bo{number:x}".translate(_LETTERS) for number in range(count)).encode()


ROSTER = "1\tBobby\t60\tWarrior\tRaid Leader\t\t\r\n2\tJosé\t60\tBard\t\t\t\r\n"
NO_DUMPS = {
    "a picture": bytes(range(256)) * 40,
    "nothing": b"",
    "white space": b" \t\r\n" * 1000,
    "zeros": bytes(5000),
    "a little too much": b"1\tBobby\t60\tWarrior\t\t\t\r\n" * 100_000,
    "25 MB": b"Bobby\n" * (25 * 1024**2 // 6),
    "a log": b"[Fri Mar 06 19:00:00 2026] You say, 'hello'\r\n" * 20_000,
    "one endless line": b"B" * 2_000_000,
    "a hundred thousand strangers": strangers(100_000),
    "markup": b"<html><body>@everyone</body></html>\n" * 50,
    "25 MB of anything": bytes(range(256)) * (25 * 1024**2 // 256),
    "a little over 25 MB": b"Bobby\n" * (25 * 1024**2 // 6 + 1),
    "an archive in an archive": gzip.compress(gzip.compress(ROSTER.encode())),
    "half an archive": gzip.compress(ROSTER.encode())[:-9],
    "no zip": b"PK\x03\x04" + bytes(range(256)) * 4,
    "a bomb": gzip.compress(b"[Fri Mar 06 19:00:00 2026] You say, 'hello'\r\n" * 2_500_000),
}
DUMPS = {
    "crlf": ROSTER.encode(),
    "windows": ROSTER.encode("cp1252"),
    "utf-16": ROSTER.encode("utf-16"),
    "a mark and old ends": b"\xef\xbb\xbf" + ROSTER.replace("\r\n", "\r").encode(),
    "the same line again and again": b"1\tBobby\t60\tWarrior\t\t\t\r\n" * 70_000,
    "nine hundred strangers": strangers(900),
    "gzipped": gzip.compress(ROSTER.encode()),
    "nasty rows": "".join(f"1\t{name[:60]}\t60\t{name[:60]}\t\t\t\n" for name in (NASTY, "*" * 60, "Bobby")).encode(),
}


async def test_a_file_that_is_no_dump_is_refused(table: Table) -> None:
    for what, content in NO_DUMPS.items():
        for name in (f"{what} {NASTY}.txt", "RaidRoster-20269999-999999.txt"):
            await table.refused("raid import", file=(name, content))


async def test_a_strange_dump_is_previewed_and_changes_nothing_yet(table: Table) -> None:
    before = await table.careful.rows()
    for what, content in DUMPS.items():
        words = await table.careful.answered(what, table.types("raid import", file=(f"{NASTY}.txt", content)))
        assert words.startswith("**Import into Fear**"), (what, words)
        assert await table.careful.rows() == before


# --- how much fits ----------------------------------------------------------------------------------------------------


def name(length: int, number: int = 0) -> str:
    """The longest there is of what grows most on its way to Discord: each escaped, all turned from right to left."""
    return f"{number:02}a{'*[م<`' * length}"[:length]


async def test_all_is_drawn_with_sixty_people_forty_ticks_and_ten_auctions_of_the_longest_names(table: Table) -> None:
    night, careful, officer = table.night, table.careful, table.officer
    await table.types("raid end", outcome="win")
    people = [night.join(f"p{number}", nick=name(32, number)) for number in range(58)]
    await night.settle()
    for number, who in enumerate(people):
        played = {"name": name(40, number), "character_class": name(30, number % 20)}
        await careful.answered("a character", table.types("character add", **played, owner=who.mention))
    await table.types("raid start", event=name(100), name=name(100), note=name(300))
    everybody = " ".join(who.mention for who in (*people, table.bob, officer))
    await careful.answered("everybody", table.types("raid add", members=everybody))
    for _ in range(40):
        await night.env.advance_time(121)
        await careful.answered("a tick", table.types("raid tick", note=name(200)))
    form = await table.types("auction batch")
    items = [name(90, number) for number in range(10)]
    await careful.answered("ten auctions", table.form(form, lines="\n".join(items)))
    for number, item in enumerate(items):
        bid = people[number].slash(night.channel, "auction bid", auction=item, amount=10)
        assert "You lead" in await careful.answered("a bid", bid)
    await night.settle()

    here = text_of(table.card("Here · 60"))
    assert "Tick 40" in here
    assert "34 earlier" in here
    overview = text_of(table.card("## 10 items"))
    assert len([line for line in overview.splitlines() if " · at 10 by " in line]) == 10
    lead = await table.presses(table.card("Here · 60"), "Lead…")
    for label in ("Remove", "Tick"):
        await careful.answered(label, table.presses(lead.response, label))
    roster = "\n".join(name(40, number) for number in range(58)).encode()
    await careful.answered("import", table.types("raid import", file=("RaidRoster.txt", roster)))
    for command in ("raid show", "raid list", "auction list", "dkp standings", "dkp history", "audit search"):
        answer = await table.types(command)
        assert said(answer), command
        while answer.response is not None and "Next" in _pressable(answer.response.components):
            await table.presses(answer.response, "Next")
    curious = Curious(night, officer, TEXTS)
    for command in curious.commands():
        await curious.try_completions(command)
    await officer.autocomplete(night.channel, "raid add", "members", f"{everybody} 01")
    for what in ("auction show", "auction close"):
        reason = {"reason": name(500)} if what == "auction close" else {}
        await careful.answered(what, table.types(what, auction=items[3], **reason))
    [undo, *_] = await officer.autocomplete(night.channel, "dkp undo", "what", "tick")
    await careful.answered("undo", table.types("dkp undo", what=undo["value"], reason=name(500)))
    await careful.answered("cancel", table.types("raid cancel", reason=name(500)))
    assert "60 people" in await careful.answered("end", table.types("raid end"))
    assert too_large([{"type": 10, "content": "x" * 4001}]), "what `table` looks at in the end can fail"


def _pressable(components: list[dict[str, Any]]) -> list[str]:
    rows = [part for row in components for part in row.get("components", ())]
    return [part.get("label", "") for part in rows if not part.get("disabled")]
