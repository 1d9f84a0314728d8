"""The loot of a log: what is recorded already, what one press records."""

from bot.kit.ask import ask, yes
from bot.kit.door import Door
from bot.kit.text import fit_lines, fit_names, points, safe
from cogs.raids.dumps import Reading
from cogs.raids.service import imports
from cogs.raids.service.imports import LootPlan
from cogs.raids.service.imports.loot import award_line

_SHOWN = 15


async def show_loot(door: Door, raid_id: int, reading: Reading) -> None:
    """Show the loot of a log; **Record N awards** records what is not recorded yet."""
    found = await door.stage.read(
        door.actor, "raids.manage", lambda session: imports.preview_loot(session, raid_id, reading.loot)
    )

    async def record(door: Door) -> None:
        name = reading.file_name or "pasted"
        done = await imports.record_loot(door.stage, door.actor, raid_id, name, reading.loot)
        await door.say(
            f"Recorded: {_awards(len(done.award_ids))} of {safe(done.raid_name)}, {points(done.total)}"
            f" {safe(done.pool_name)}. /dkp undo takes one back."
        )

    words = loot_in_words(found)
    if not found.to_record:
        await door.say(words)
        return
    label = f"Record {_awards(len(found.to_record))}, {points(found.total)} points"
    await ask(door, words, [yes(label, record)], cancel="Leave it")


def _awards(count: int) -> str:
    return "1 award" if count == 1 else f"{count} awards"


def loot_in_words(found: LootPlan) -> str:
    """The loot of a log, at most 2,000 characters."""
    new = f"{_awards(len(found.to_record))} to record, {points(found.total)} points"
    lines = [f"**Loot of {safe(found.raid_name)}** · {new}"]
    lines += [f"**Look twice:** {line}" for line in found.follows[:5]]
    lines += [award_line(one) for one in found.to_record[:_SHOWN]]
    if len(found.to_record) > _SHOWN:
        lines.append(f"and {len(found.to_record) - _SHOWN} more of those")
    if found.recorded:
        lines.append(f"Already recorded: {fit_names(found.recorded)}.")
    lines += [f"Not recorded: {line}." for line in found.left[:5]]
    if len(found.left) > 5:
        lines.append(f"Not recorded: {len(found.left) - 5} more.")
    if found.looted:
        lines.append(f"Looted without a price: {found.looted}.")
    if found.rotted:
        lines.append(f"Left to rot: {fit_names(found.rotted)}.")
    if found.outside:
        lines.append(f"Of other hours, left out: {found.outside}.")
    return fit_lines(lines)
