"""People: who is in the server, which characters they play, and the life of the guild itself.

A person is a `member` row from the moment they join, press or are met at a start, and for good: leaving ends a stay,
returning begins another, characters and points stay. Who was imported is *unclaimed*, until a claim or an officer says
who they are here: that row *absorbs* theirs. Who is *forgotten* leaves a row without a name. A character has one owner,
a name unique among the guild's active characters, and exactly one of a person's characters is the main. Before and
beyond mapping, a person's role group follows the mapped Discord roles they hold. Removed from a server, its data is
erased 30 days later.
"""

from typing import TYPE_CHECKING

from bot import people
from bot.kit.text import safe
from bot.registry import AuditLine, Notice
from cogs.members import jobs
from cogs.members.cog.characters import Characters
from cogs.members.cog.linking import Linking
from cogs.members.cog.me import Me
from cogs.members.cog.presence import Presence
from cogs.members.service import linking, personal, unlinking
from cogs.members.service.presence import inconsistencies
from cogs.members.views import characters as views
from cogs.members.views import claim, notices

if TYPE_CHECKING:
    from bot.app import Quartermaster


async def setup(bot: "Quartermaster") -> None:
    registry = bot.stage.registry
    registry.due["member.left"] = jobs.member_left
    registry.due[people.RIGHTS_CHANGED] = jobs.rights_changed
    registry.due["guild.erase"] = jobs.EraseGuild(bot)
    registry.doctor["people"] = inconsistencies
    registry.exports |= personal.EXPORTS
    registry.doctor["linked people"] = linking.problems
    registry.undo["claim"] = unlinking.LinkUndo()
    registry.explain["claim"] = unlinking.explain
    registry.boards["character_claim"] = claim.ClaimBoard()
    registry.notices[linking.NOTICE] = Notice("answers to your character claims, and being linked")
    registry.add_character_button = views.add_character_button
    registry.sentences |= {
        "characters.added": _added,
        "characters.edited": _edited,
        "characters.retired": lambda line: (
            f"{line.actor} retired {safe(line.before['name'])} of {line.about}"
            + (f", whose main is {safe(line.after['main'])} now" if line.after.get("main") else "")
        ),
        "characters.transferred": lambda line: (
            f"{line.actor} gave {safe(line.after['name'])} of {safe(line.before['owner'])} to {line.about}"
        ),
        "characters.claimed": lambda line: (
            f"{line.about} said they are {safe(line.after['character'])}"
            + ("" if line.after["character"] == line.after["owner"] else f" of {safe(line.after['owner'])}")
        ),
        "characters.claim_refused": lambda line: (
            f"{line.actor} refused {line.about}'s claim on {safe(line.after['character'])}"
        ),
        "members.linked": lambda line: (
            f"{line.actor} linked {safe(line.before['name'])} to {line.about}:"
            f" {', '.join(map(safe, (*line.after['points'], *line.after['characters']))) or 'nothing to go over'}"
        ),
        "members.unlinked": lambda line: f"{line.actor} undid that {safe(line.before['name'])} is {line.about}",
        "members.forgotten": lambda line: f"{line.about} asked to be forgotten",
        "members.scrubbed": lambda line: f"Something about {line.about} was written here",
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
    bot.add_buttons(views.AddCharacter, claim.AcceptClaim, claim.RefuseClaim, notices.ChangeNotice, notices.ChangeWay)
    await bot.add_cog(Characters())
    await bot.add_cog(Linking())
    await bot.add_cog(Me())
    await bot.add_cog(Presence(bot))


def _added(line: AuditLine) -> str:
    kind = " ".join(str(line.after[key]) for key in ("class", "level") if line.after.get(key))
    what = f"{safe(line.after['name'])}{f' ({safe(kind)})' if kind else ''}"
    return f"{line.actor} added {what} as {'main' if line.after.get('main') else 'alt'} of {line.about}"


def _edited(line: AuditLine) -> str:
    before = ", ".join(f"{key} {safe(str(value or 'none'))}" for key, value in line.before.items())
    after = ", ".join(f"{key} {safe(str(value or 'none'))}" for key, value in line.after.items() if key in line.before)
    return f"{line.actor} changed {safe(line.after['name'])} of {line.about}: {before} → {after}"
