"""Text on its way out breaks nothing and pings nobody."""

from datetime import UTC, datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.kit.text import (
    BLANK,
    GAME_LINE,
    clip,
    fit_lines,
    fit_names,
    paste_block,
    paste_line,
    plain,
    points,
    safe,
    when,
)


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("Thalia", "Thalia"),
        ("**Boss**", "\\*\\*Boss\\*\\*"),
        ("a_b`c`~d|e", "a\\_b\\`c\\`\\~d\\|e"),
        ("[x](y)", "\\[x\\](y)"),
        ("# big", "\\# big"),
        ("- item", "\\- item"),
        ("1. first", "1\\. first"),
        ("> quote", "\\> quote"),
        ("Jean-Luc", "Jean-Luc"),
        ("two\nlines", "two lines"),
        ("a\u202eb", "ab"),
        ("<@123>", "\\<@\u200b123\\>"),
        ("", ""),
        ("\u3164\u200b", BLANK),
    ],
)
def test_a_name_shows_as_it_was_typed(name, shown):
    assert safe(name) == shown


def test_nobody_is_pinged_and_nothing_is_linked():
    line = safe("@everyone @here <@&7> https://evil.example discord.gg/abc")
    assert "@everyone" not in line
    assert "@here" not in line
    assert "https://" not in line
    assert "discord.gg/" not in line


def test_right_to_left_text_keeps_to_itself():
    assert safe("שלום") == "\u2068שלום\u2069"


def test_an_emoji_of_several_parts_stays_whole():
    assert safe("👩\u200d🚀") == "👩\u200d🚀"


def test_towers_of_accents_are_cut_down():
    assert len(plain("a" + "\u0301" * 50)) < 10


@given(st.text())
def test_safe_text_is_one_line_without_direction_tricks(text):
    line = safe(text)
    assert "\n" not in line
    assert "\r" not in line
    assert "@everyone" not in line
    assert not set(line) & set("\u202a\u202b\u202d\u202e\u2066\u2067\u200e\u200f")


@pytest.mark.parametrize(
    ("text", "limit", "clipped"),
    [
        ("short", 5, "short"),
        ("longer", 5, "long…"),
        ("go on then", 4, "go…"),
        ("ab👩\u200d🚀", 4, "ab…"),
        ("abe\u0301fg", 4, "ab…"),
        ("a👍\U0001f3fdbc", 3, "a…"),
        ("🇩🇪🇫🇷", 3, "🇩🇪…"),
        ("🇩🇪🇫🇷x", 4, "🇩🇪…"),
        ("x", 0, ""),
    ],
)
def test_a_clip_never_halves_what_is_drawn_as_one(text, limit, clipped):
    assert clip(text, limit) == clipped


@given(st.text(), st.integers(0, 30))
def test_a_clip_fits(text, limit):
    assert len(clip(text, limit)) <= limit
    if len(text) <= limit:
        assert clip(text, limit) == text


@pytest.mark.parametrize(
    ("amount", "shown"),
    [
        ("430", "430"),
        ("430.00", "430"),
        ("12.50", "12.5"),
        ("-3.25", "-3.25"),
        ("1E+3", "1000"),
        ("-0.00", "0"),
        ("0", "0"),
    ],
)
def test_points_are_shown_exactly(amount, shown):
    assert points(Decimal(amount)) == shown


@given(st.decimals(min_value="-9999999.99", max_value="9999999.99", places=2))
def test_shown_points_are_the_amount(amount):
    assert Decimal(points(amount)) == amount


def test_a_moment_is_a_discord_timestamp():
    moment = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
    assert when(moment) == "<t:1795176000:R>"
    assert when(moment, "t") == "<t:1795176000:t>"
    with pytest.raises(ValueError, match="zone"):
        when(moment.replace(tzinfo=None))


def test_a_line_for_the_game_is_plain_and_no_command():
    assert paste_line("/quit", "now\n`x`") == "quit now 'x'"
    assert len(paste_line("x" * 500)) == GAME_LINE
    assert paste_block("a`b") == "```\na'b\n```"


@given(st.lists(st.text(alphabet="ab*_", max_size=40).map(lambda line: line or "x"), max_size=60), st.integers(60, 400))
def test_lines_that_fit_are_whole_and_the_rest_is_counted(lines, room):
    text = fit_lines(lines, room)
    assert len(text) <= room
    shown = text.split("\n") if text else []
    more = shown[-1:] if shown and shown[-1].startswith("and ") else []
    kept = shown[: len(shown) - len(more)]
    assert kept == lines[: len(kept)]
    assert more == ([f"and {len(lines) - len(kept)} more"] if len(kept) < len(lines) else [])


def test_names_that_fit_say_how_many_more_there_are():
    assert fit_names(["Anna", "Bert", "Carl"]) == "Anna, Bert, Carl"
    assert fit_names(["Anna", "Bert", "Carl"], 10) == "Anna, Bert and 1 more"
    assert fit_names(["A" * 50], 10) == "A" * 50
    assert fit_names([]) == ""
