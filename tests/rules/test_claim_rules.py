"""Claims and found names, decided: what may be claimed, until when, who decides, and what a line is worth."""

from datetime import UTC, datetime, timedelta

import pytest

from bot.refusals import Refused
from cogs.raids.rules import ABSENT, EXCUSED, LEFT, PRESENT, REMOVED, STANDBY, Seat
from cogs.raids.rules.claims import (
    BadNote,
    ClaimDecided,
    ClaimTooLate,
    CreditedAlready,
    NothingToClaim,
    OwnClaim,
    StandingTick,
    check_claim,
    check_decidable,
    check_note,
    claimed_ticks,
)
from cogs.raids.rules.names import decide_found

NOW = datetime(2026, 3, 6, 22, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)
TICKS = [StandingTick(11, 1, NOW - 2 * HOUR), StandingTick(12, 2, NOW - HOUR)]


def claim(**more) -> None:
    given = {"status": "ended", "ended_at": NOW, "standing": TICKS, "credited": set(), "tick_id": None} | more
    check_claim("*Kael*", now=NOW, **given)


@pytest.mark.parametrize(
    "given",
    [
        {},
        {"status": "running", "ended_at": None},
        {"tick_id": 12},
        {"credited": {11}},
        {"ended_at": NOW - 72 * HOUR},
        {"credited": {11}, "tick_id": 12},
    ],
)
def test_a_raid_with_a_tick_that_does_not_credit_one_can_be_claimed_for_72_hours(given):
    claim(**given)


@pytest.mark.parametrize(
    ("given", "refusal", "words"),
    [
        ({"status": "cancelled"}, NothingToClaim, "was cancelled"),
        ({"ended_at": NOW - 72 * HOUR - timedelta(seconds=1)}, ClaimTooLate, "/raid add"),
        ({"standing": []}, NothingToClaim, "has no tick yet"),
        ({"standing": [StandingTick(11, 1, NOW + HOUR)]}, NothingToClaim, "has no tick yet"),
        ({"tick_id": 99}, NothingToClaim, "was undone"),
        ({"credited": {11, 12}}, CreditedAlready, "both ticks"),
        ({"credited": {12}, "tick_id": 12}, CreditedAlready, "tick 2"),
    ],
)
def test_what_cannot_be_claimed_is_refused_with_the_way_to_go(given, refusal, words):
    with pytest.raises(refusal) as refused:
        claim(**given)
    assert words in refused.value.sentence
    assert "\\*Kael\\*" in refused.value.sentence


def test_a_claim_of_all_ticks_is_about_those_before_it_was_made():
    assert [tick.number for tick in claimed_ticks(TICKS, None, NOW - HOUR)] == [1, 2]
    assert [tick.number for tick in claimed_ticks(TICKS, None, NOW - 2 * HOUR)] == [1]
    assert [tick.number for tick in claimed_ticks(TICKS, 12, NOW - 5 * HOUR)] == [2]


def decide(**more) -> None:
    given = {
        "raid_status": "ended",
        "status": "open",
        "lapses_at": NOW + HOUR,
        "now": NOW,
        "decider": "Vera",
        "own": False,
        "accepting": True,
    } | more
    check_decidable("Kael", **given)


@pytest.mark.parametrize("given", [{}, {"raid_status": "running"}, {"raid_status": "cancelled", "accepting": False}])
def test_an_open_claim_may_be_decided(given):
    decide(**given)


@pytest.mark.parametrize(
    ("given", "refusal", "words"),
    [
        ({"status": "accepted"}, ClaimDecided, "was accepted already by Vera"),
        ({"status": "refused", "decider": None}, ClaimDecided, "was refused already;"),
        ({"status": "lapsed"}, ClaimDecided, "lapsed after 72 hours"),
        ({"now": NOW + HOUR}, ClaimDecided, "lapsed after 72 hours"),
        ({"own": True}, OwnClaim, "another raid leader"),
        ({"own": True, "accepting": False}, OwnClaim, "another raid leader"),
        ({"raid_status": "cancelled"}, NothingToClaim, "pays nobody"),
    ],
)
def test_who_comes_second_or_decides_for_themselves_is_refused(given, refusal, words):
    with pytest.raises(refusal) as refused:
        decide(**given)
    assert words in refused.value.sentence


def test_a_note_says_something_that_can_be_seen():
    assert check_note("  zoning\n at the   dump ") == "zoning at the dump"
    for nothing in ("", "ab", "\u200b\u2060\u3164 ", "x" * 501):
        with pytest.raises(BadNote):
            check_note(nothing)
    assert issubclass(BadNote, Refused)


@pytest.mark.parametrize(
    ("seat", "entitled", "credited", "joins"),
    [
        (None, True, True, True),
        (None, False, False, False),
        (Seat(1, EXCUSED), True, True, True),
        (Seat(1, ABSENT), False, False, False),
        (Seat(1, PRESENT), True, True, False),
        (Seat(1, STANDBY), True, True, False),
        (Seat(1, LEFT), True, True, False),
        (Seat(1, PRESENT, added=True), False, True, False),
        (Seat(1, REMOVED), True, False, False),
        (Seat(1, REMOVED, added=True), True, False, False),
    ],
)
def test_a_found_name_is_treated_as_if_it_had_been_known_at_the_import(seat, entitled, credited, joins):
    found = decide_found(seat, entitled=entitled)
    assert (found.credited, found.joins) == (credited, joins)
