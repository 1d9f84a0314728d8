"""The exported files, opened by somebody who has only them and the rules: the same figures come out."""

import csv
import io
import json
from datetime import date, datetime, timedelta
from random import Random
from typing import Any

import asyncpg
import pytest

from bot.stage import Actor, Stage
from cogs.attendance.service.exports import Exported, export
from tests.conftest import MovableClock
from tests.services.test_attendance import history as by_hand

Table = list[dict[str, Any]]


def opened(exported: Exported) -> dict[str, Table]:
    """The CSV files, as a spreadsheet reads them."""
    return {
        name: list(csv.DictReader(io.StringIO(content.decode("utf-8-sig"), newline="")))
        for name, content in exported.as_csv()
    }


def reckoned(
    files: dict[str, Table], member: dict[str, Any], window: int | None, today: date, by: str
) -> tuple[int, int]:
    """Attended and total of one person, from the files alone."""
    rows = {row["raid_id"]: row for row in files["attendance-credits.csv"] if row["member_id"] == member["member_id"]}
    since = datetime.fromisoformat(member["counts_from"])
    away = [stretch.split("/") for stretch in member["away"].split()]
    attended = total = 0
    for raid in files["attendance-raids.csv"]:
        day, started = date.fromisoformat(raid["day"]), datetime.fromisoformat(raid["started_at"])
        if day > today or (window is not None and day < today - timedelta(days=window - 1)):
            continue
        row = rows.get(raid["raid_id"], {"ticks": "0", "excused": "no"})
        gone = any(
            datetime.fromisoformat(left) <= started and (not back or started < datetime.fromisoformat(back))
            for left, back in away
        )
        if row["ticks"] == "0" and (started < since or row["excused"] == "yes" or gone):
            continue
        attended += int(row["ticks"]) if by == "ticks" else int(row["ticks"] != "0")
        total += int(raid["ticks"]) if by == "ticks" else 1
    return attended, total


@pytest.mark.parametrize("count", ["raids", "ticks"])
async def test_what_is_exported_is_enough_to_reckon_every_figure_again(
    stage: Stage, clock: MovableClock, owner: asyncpg.Connection, count: str
) -> None:
    rows = 0
    for seed in range(500, 512):
        history = by_hand.make(seed, Random(seed))
        await by_hand.write(owner, history, count)
        clock.moment = history.now
        exported = await stage.run(Actor.itself(seed), export)
        files, today = opened(exported), history.now.astimezone(history.zone).date()
        for member in files["attendance.csv"]:
            for window in (7, 30, 60, 90, None):
                word = "lifetime" if window is None else window
                written = int(member[f"attended_{word}"]), int(member[f"of_{word}"])
                assert written == reckoned(files, member, window, today, count)
                assert written == by_hand.figure(history, int(member["member_id"]), window, count)
                rows += 1
        counted = [p for p in history.people if by_hand.counts_from(history, p.member_id) and p.absorbed_by is None]
        assert len(files["attendance.csv"]) == len(counted)
        told = json.loads(exported.as_json())
        assert (told["counted_by"], told["timezone"]) == (count, history.zone.key)
        for name, table in (("members", "attendance.csv"), ("raids", "attendance-raids.csv")):
            assert [str(row[f"{name[:-1]}_id"]) for row in told[name]] == [
                row[f"{name[:-1]}_id"] for row in files[table]
            ]
        assert len(told["credits"]) == len(files["attendance-credits.csv"])
    assert rows > 100


async def test_a_name_that_is_a_formula_is_a_text_in_the_file(stage: Stage, clock: MovableClock, owner) -> None:
    history = by_hand.make(500, Random(500))
    await by_hand.write(owner, history, "raids")
    await owner.execute("UPDATE member SET display_name = '=cmd|x'")
    await owner.execute("UPDATE raid SET name = '@SUM(A1)'")
    clock.moment = history.now
    exported = await stage.run(Actor.itself(500), export)
    files = opened(exported)
    assert {row["member"] for row in files["attendance.csv"]} == {"'=cmd|x"}
    assert {row["raid"] for row in files["attendance-raids.csv"]} == {"'@SUM(A1)"}
    assert {row["member"] for row in json.loads(exported.as_json())["members"]} == {"=cmd|x"}
