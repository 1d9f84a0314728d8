"""Settings: what a guild decides about itself, and the first minute with it.

The bot works before anything is set. `/setup` recommends from what it finds in the server, shows whom it changes and
does it in one press; it creates nothing in Discord. Mapping a role *adopts*: everyone's group becomes the highest
mapped role they hold, and the roster is the source from then on. Every change is an audit row with before and after.
"""

from typing import TYPE_CHECKING

from bot import permissions
from bot.kit.text import safe
from bot.registry import AuditLine
from cogs.settings.cog import Settings
from cogs.settings.service.guild import WELCOME
from cogs.settings.views import panel, words
from cogs.settings.views.welcome import SetUp, WelcomeBoard

if TYPE_CHECKING:
    from bot.app import Quartermaster


async def setup(bot: "Quartermaster") -> None:
    registry = bot.stage.registry
    registry.boards[WELCOME] = WelcomeBoard()
    registry.sentences |= {
        "settings.set_up": lambda line: f"{line.actor} finished setting up",
        "settings.changed": _changed,
        "settings.channel_chosen": _channel_chosen,
        "settings.roles_mapped": _roles_mapped,
        "settings.group_adopted": lambda line: (
            f"{line.about} became {line.after['group']} by the mapping of roles, before {line.before['group']}"
        ),
        "settings.pool_changed": _pool_changed,
        "settings.permission_given": lambda line: f"{line.actor} allowed <@&{line.target_id}> to {_doing(line)}",
        "settings.permission_taken": lambda line: (
            f"{line.actor} took back that <@&{line.target_id}> may {_doing(line)}"
        ),
    }
    bot.add_buttons(SetUp, *panel.BUTTONS)
    await bot.add_cog(Settings(bot))


def _doing(line: AuditLine) -> str:
    return permissions.CAPABILITIES[line.after["capability"]][0]


def _changed(line: AuditLine) -> str:
    ((column, after),) = line.after.items()
    before = line.before[column]
    shown = str if column == "timezone" else safe  # a zone's slash needs no escape
    was = f", before {shown(before)}" if before else ""
    return f"{line.actor} set {words.LABELS[column].lower()} to {shown(after) if after else 'nothing'}{was}"


def _channel_chosen(line: AuditLine) -> str:
    ((kind, after),) = line.after.items()
    where = f"<#{after}>" if after else "none"
    return f"{line.actor} chose {where} as the channel for {kind}"


def _roles_mapped(line: AuditLine) -> str:
    changes = (
        f"{words.group_name(group)} to {f'<@&{role}>' if role else 'none'}" for group, role in line.after.items()
    )
    return f"{line.actor} mapped {', '.join(changes)}"


def _pool_changed(line: AuditLine) -> str:
    ticks = f", {line.after['tick_points']} a tick" if line.after.get("tick_points") is not None else ""
    return f"{line.actor} made the first pool {safe(line.after['name'])}{ticks}, before {safe(line.before['name'])}"
