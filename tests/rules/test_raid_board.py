"""The board and the cards hold whatever people call themselves, however many come."""

from datetime import UTC, datetime
from decimal import Decimal

import discord
import pytest

from bot.kit.text import LAYOUT_COMPONENTS, LAYOUT_TEXT, MESSAGE_TEXT
from cogs.raids.dumps.shapes import Reading, UnreadLine
from cogs.raids.service.card import Place, RaidCard, TickLine
from cogs.raids.service.evening import Loot, RaidEnded, end_card
from cogs.raids.service.imports import ImportPreview, Outcome
from cogs.raids.service.imports.previews import About
from cogs.raids.service.roster import Unknown
from cogs.raids.views.board import board
from cogs.raids.views.imports import preview_in_words

AT = datetime(2026, 3, 6, 19, 0, tzinfo=UTC)
NASTY = [
    "@everyone",
    "**bold**" * 12,
    "[x](https://evil.example)",
    "שלום" * 25,
    "👩\u200d🚀" * 30,
    "\u3164",
    "a\nb",
    "`" * 100,
]


def shown(places=(), ticks=(), status="running", **more) -> RaidCard:
    usual = {
        "raid_id": 7,
        "name": "Temple of Veeshan",
        "status": status,
        "outcome": None,
        "note": None,
        "cancel_reason": None,
        "pool_name": "DKP",
        "tick_points": Decimal(10),
        "every_seconds": None,
        "voice_channel_id": None,
        "voice_required": False,
        "channel_id": 1,
        "started_at": AT,
        "ended_at": AT,
        "places": tuple(places),
        "ticks": tuple(ticks),
    }
    return RaidCard(**(usual | more))


def place(number: int, name: str, status: str = "present", character_class: str | None = None, **more) -> Place:
    return Place(number, name, character_class, status, more.get("late", False), more.get("unseen", False))


def words(view: discord.ui.LayoutView) -> str:
    return "\n".join(item.content for item in view.walk_children() if isinstance(item, discord.ui.TextDisplay))


def labels(view: discord.ui.LayoutView) -> list[str | None]:
    return [item.item.label for item in view.walk_children() if isinstance(item, discord.ui.DynamicItem)]


async def test_the_board_names_roster_bench_and_ticks():
    view = board(
        shown(
            [place(1, "Thalia", character_class="Cleric"), place(2, "Brann", unseen=True), place(3, "Mira", "standby")],
            [
                TickLine(1, 1, AT, Decimal(10), 2, None, False, False),
                TickLine(2, 2, AT, Decimal(5), 1, "boss", False, True),
            ],
        )
    )
    text = words(view)
    assert "**Here · 2**\nCleric: Thalia\nNo class: Brann **?**" in text
    assert "**Standby · 1**\nMira" in text
    assert "2 people · 10 each" in text
    assert "~~Tick 2" in text
    assert labels(view) == ["Check in", "Standby", "Leave", "My points", "Lead…"]


async def test_a_full_raid_of_seventy_two_is_named_in_full_by_class():
    places = [place(n, f"Raider{n:02}", character_class=f"Class {n % 14:02}") for n in range(72)]
    text = words(board(shown(places)))
    assert all(f"Raider{n:02}" in text for n in range(72))
    assert "Class 00: Raider00, Raider14, Raider28" in text


@pytest.mark.parametrize(("status", "buttons"), [("ended", ["My points", "Lead…"]), ("cancelled", [])])
async def test_a_raid_that_is_over_takes_no_check_ins(status, buttons):
    assert labels(board(shown(status=status, cancel_reason="crash"))) == buttons


@pytest.mark.parametrize("status", ["running", "ended", "cancelled"])
@pytest.mark.parametrize("classes", [1, 14, 60])
async def test_three_hundred_people_with_any_name_fit_the_board(classes, status):
    places = [
        place(
            n, NASTY[n % len(NASTY)], ("present", "standby", "left", "excused", "absent")[n % 5], f"Class*{n % classes}"
        )
        for n in range(300)
    ]
    ticks = [
        TickLine(n, n, AT, Decimal("9999999.99"), 300, NASTY[n % len(NASTY)], False, n % 2 == 0) for n in range(1, 40)
    ]
    view = board(
        shown(
            places,
            ticks,
            name="#" * 100,
            note="*" * 500,
            pool_name="@everyone" * 20,
            cancel_reason="*" * 500,
            status=status,
        )
    )
    text = words(view)
    assert len(text) <= LAYOUT_TEXT
    assert view.total_children_count <= LAYOUT_COMPONENTS
    assert "@everyone" not in text
    assert "https://" not in text
    assert "more" in text


def test_the_end_card_fits_a_message_whatever_dropped():
    loot = tuple(Loot(NASTY[n % len(NASTY)], NASTY[(n + 1) % len(NASTY)], Decimal(n)) for n in range(80))
    text = end_card(RaidEnded(1, 7, "@everyone" * 11, "win", 72, 9, Decimal(6480), loot, 2))
    assert len(text) <= MESSAGE_TEXT
    assert "more: /loot history" in text
    assert "2 auctions run on." in text
    assert text.endswith("```")
    assert "@everyone" not in text.split("```")[0]


def test_the_import_preview_fits_a_message_whatever_is_in_the_file():
    names = tuple(name * 3 for name in ["\\*" * 30] * 200)
    preview = ImportPreview(
        raid_id=7,
        raid_name="x" * 100,
        taken_at=AT,
        time_known=True,
        zone="UTC",
        lines=200,
        place=None,
        call=None,
        new_tick=Outcome(None, None, AT, 150, Decimal(1500), 0),
        into_ticks=(Outcome(3, 1, AT, 1, Decimal(10), 149),),
        roster_only=1,
        chosen=3,
        already_in=None,
        about=About(
            not_credited=names,
            unknown=tuple(Unknown(name, (name, name)) for name in names),
            not_in_file=names,
            linkdead=names,
            anonymous=names,
            warning="x" * 300,
        ),
    )
    reading = Reading("names", "x" * 300, (), not_understood=tuple(UnreadLine(n, "*" * 300) for n in range(200)))
    text = preview_in_words(preview, reading)
    assert len(text) <= MESSAGE_TEXT
    assert "Into tick 1, the nearest: 1 person, 10 points, 149 credited before." in text
