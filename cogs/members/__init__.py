"""People: who is in the server, which characters they play, and the life of the guild itself.

A person is a `member` row from the moment they join, press or are met at a start, and for good: leaving ends a stay,
returning begins another, characters and points stay. A character has one owner, a name unique among the guild's active
characters, and exactly one of a person's characters is the main. Before and beyond mapping, a person's role group
follows the mapped Discord roles they hold. Removed from a server, its data is erased 30 days later.
"""

from typing import TYPE_CHECKING

from bot import people
from bot.kit.text import safe
from bot.registry import AuditLine
from cogs.members import jobs, views
from cogs.members.cog import Characters, Presence
from cogs.members.service.presence import inconsistencies

if TYPE_CHECKING:
    from bot.app import Quartermaster


async def setup(bot: "Quartermaster") -> None:
    registry = bot.stage.registry
    registry.due["member.left"] = jobs.member_left
    registry.due[people.RIGHTS_CHANGED] = jobs.rights_changed
    registry.due["guild.erase"] = jobs.EraseGuild(bot)
    registry.doctor["people"] = inconsistencies
    registry.add_character_button = views.add_character_button
    registry.sentences |= {
        "characters.added": _added,
        "characters.main_chosen": lambda line: (
            f"{line.actor} made {safe(line.after['main'])} the main of {line.about}"
            + (f", before it was {safe(line.before['main'])}" if line.before.get("main") else "")
        ),
        "members.joined": lambda line: f"{line.about} joined the server as {line.after['group']}",
        "members.returned": lambda line: f"{line.about} came back to the server as {line.after['group']}",
        "members.left": lambda line: f"{line.about} left the server, {line.before['group']} until then",
        "members.met": lambda line: f"{line.actor} met {line.after['people']} people who were here already",
        "members.group_adopted": lambda line: (
            f"{line.about} became {line.after['group']} by a role given in Discord, before {line.before['group']}"
        ),
        "members.badge_given": lambda line: f"{line.about} was made raid leader in Discord",
        "members.badge_taken": lambda line: f"{line.about} is no longer raid leader in Discord",
        "guild.removed": lambda line: f"{line.actor} was removed from the server",
        "guild.returned": lambda line: f"{line.actor} was invited again",
    }
    bot.add_buttons(views.AddCharacter)
    await bot.add_cog(Characters())
    await bot.add_cog(Presence(bot))


def _added(line: AuditLine) -> str:
    kind = " ".join(str(line.after[key]) for key in ("class", "level") if line.after.get(key))
    what = f"{safe(line.after['name'])}{f' ({safe(kind)})' if kind else ''}"
    return f"{line.actor} added {what} as {'main' if line.after.get('main') else 'alt'} of {line.about}"
