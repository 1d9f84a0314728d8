"""Moving in and out: other systems' exports taken in with their totals proved, and everything of a guild given out.

A file is read and proved, shown (people, pools, totals, everything odd), and imported in one transaction after one
press; the same content stands once. What it makes carries its number: people who wait unclaimed, entries with source
`import`, awards, raids with ticks that attendance counts. Before the commit the database is compared with the file.
Undoing takes all of it back as one act, and the same file may come again. Exports hold no holds: those are secrets.
"""

from decimal import Decimal
from typing import TYPE_CHECKING

from discord import app_commands

from bot.kit.text import points, safe
from cogs.moving import cog
from cogs.moving.service import forgetting
from cogs.moving.service.undoing import ImportUndo, doctor, explain

if TYPE_CHECKING:
    from bot.app import Quartermaster
    from bot.registry import AuditLine


def _imported(line: "AuditLine") -> str:
    totals = ", ".join(f"{points(Decimal(total))} {safe(pool)}" for pool, total in line.after["totals"].items())
    return (
        f"{line.actor} imported {line.after['format']} (import {line.target_id}): {line.after['people']:,} people,"
        f" {line.after['entries']:,} entries, {totals}"
    )


def _undone(line: "AuditLine") -> str:
    return (
        f"{line.actor} undid import {line.target_id}: {line.after['entries']:,} entries reversed,"
        f" {line.after['left']:,} people gone"
    )


def _exported(line: "AuditLine") -> str:
    what = safe(line.after["pool"]) if line.after["pool"] else "everything"
    return f"{line.actor} exported {what} as {line.after['format']}: {line.after['entries']:,} entries"


async def setup(bot: "Quartermaster") -> None:
    registry = bot.stage.registry
    registry.undo["import"] = ImportUndo()
    registry.explain["import"] = explain
    registry.forget.append(forgetting.forget)
    registry.doctor["undone imports are reversed"] = doctor
    registry.sentences |= {
        "moving.imported": _imported,
        "moving.import.undone": _undone,
        "moving.exported": _exported,
    }
    # The group is the points slice's own: its cog put it into the tree, and it takes two commands more.
    group = bot.tree.get_command("dkp")
    assert isinstance(group, app_commands.Group), "the slice dkp is loaded first"
    for command in cog.commands():
        group.add_command(command, override=True)
