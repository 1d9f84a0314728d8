"""Settings as people read them: a line each, with what it means."""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Final

import discord

from bot import permissions
from bot.kit.text import clip, points, safe
from bot.typed import format_duration
from cogs.auctions.rules.typed import read_steps, steps_in_words, ties_in_words
from cogs.settings.rules.defaults import LABELS as DEFAULTS
from cogs.settings.rules.guesses import CHANNELS
from cogs.settings.rules.texts import TEXTS, CannotPost
from cogs.settings.service.granting import Granted
from cogs.settings.service.guild import SettingsNow
from cogs.settings.service.roles import Plan
from db.tables import Guild

MAPPED: Final = (*permissions.GROUPS, permissions.BADGE)
"""What a role can stand for, high to low, the badge last; its place is what buttons carry."""
GROUP_MEANS: Final = {
    "developer": "settings and audit",
    "officer": "everything: raids, auctions, points, awards, settings",
    "recruiter": "as a member, and applications",
    "member": "earns, bids, sees points",
    "applicant": "checks in and sees, does not bid",
    "guest": "sees nothing of the guild's",
    "raid_leader": "a badge on top of any group: raids, auctions, awards",
}
CHANNEL_MEANS: Final = {
    "raids": "raid boards",
    "auctions": "auction boards",
    "loot": "who won what",
    "recruitment": "applications, for recruiters",
    "votes": "ballots, for members",
    "events": "the calendar",
    "audit": "what officers should know",
    "welcome": "what newcomers read",
}
_NAME = 40


def group_name(group: str) -> str:
    return group.replace("_", " ")


def role_name(guild: discord.Guild, role_id: int | None) -> str:
    """`@Officers`, or what is wrong with it."""
    if role_id is None:
        return "no role"
    role = guild.get_role(role_id)
    return f"@{safe(clip(role.name.removeprefix('@'), _NAME))}" if role else "a role that is gone"


def holders(guild: discord.Guild, role_id: int | None) -> int:
    """People, not bots, who hold a role."""
    role = guild.get_role(role_id) if role_id is not None else None
    return sum(not member.bot for member in role.members) if role else 0


def channel_name(guild: discord.Guild, channel_id: int | None, unset: str = "where the command is typed") -> str:
    if channel_id is None:
        return unset
    return f"<#{channel_id}>" if guild.get_channel(channel_id) else "a channel that is gone"


def check_may_post(guild: discord.Guild, channel: discord.abc.GuildChannel) -> None:
    """Refuses a channel without View Channel and Send Messages for us."""
    lacking = lacks(guild, channel)
    if lacking:
        raise CannotPost(f"I may not post in <#{channel.id}>: give me {' and '.join(lacking)} there.")


def lacks(guild: discord.Guild, channel: discord.abc.GuildChannel) -> list[str]:
    """What we need in a channel and do not have."""
    allowed = channel.permissions_for(guild.me)
    wanted = (("View Channel", allowed.view_channel), ("Send Messages", allowed.send_messages))
    return [name for name, has in wanted if not has]


def mapping_lines(guild: discord.Guild, mapping: Mapping[str, int]) -> list[str]:
    """Every group with its role, how many people hold it, and what it may do."""
    lines = []
    for group in MAPPED:
        role_id = mapping.get(group)
        held = f" ({_people(holders(guild, role_id))})" if role_id is not None else ""
        lines.append(f"**{group_name(group)}**: {role_name(guild, role_id)}{held} · {GROUP_MEANS[group]}")
    return lines


def short_mapping(guild: discord.Guild, mapping: Mapping[str, int]) -> str:
    """`officer → @Officers (3) · member → @Raiders (18)`."""
    return " · ".join(
        f"{group_name(group)} → {role_name(guild, mapping[group])} ({holders(guild, mapping[group])})"
        for group in MAPPED
        if group in mapping
    )


def plan_lines(guild: discord.Guild, plan: Plan) -> list[str]:
    """Whom a mapping changes: counts, then names, then what to think about before pressing."""
    total = sum(plan.after.values())
    moved = f"the group of {len(plan.moves)} of {_people(total)}" if plan.moves else "nobody's group"
    lines = [f"It changes {moved}: {_counts(plan)}."]
    for move in plan.moves[:5]:
        lines.append(f"- {safe(clip(move.name, _NAME))}: {move.before} → {move.after}")
    if len(plan.moves) > 5:
        lines.append(f"- and {len(plan.moves) - 5} more")
    lines += warnings(guild, plan)
    return lines


def warnings(guild: discord.Guild, plan: Plan) -> list[str]:
    """What mapping the member role does to whoever runs things now."""
    if "member" not in plan.mapping:
        return ["As long as no role stands for member, who may Manage Server is officer and all others may bid."]
    if not plan.after.get("officer"):
        return [
            "⚠️ **With this mapping nobody is an officer**: map a role that somebody holds, or give somebody the role."
        ]
    if plan.mine not in ("officer", "developer"):
        role = role_name(guild, plan.mapping.get("officer"))
        mine = plan.mine or "guest"
        return [f"⚠️ **With this mapping you are {mine}**: take {role} in Discord, now or later; I follow at once."]
    return []


def _counts(plan: Plan) -> str:
    groups = [group for group in permissions.GROUPS if plan.before.get(group) or plan.after.get(group)]
    return ", ".join(f"{group} {plan.before.get(group, 0)} → {plan.after.get(group, 0)}" for group in groups)


def _people(count: int) -> str:
    return "1 person" if count == 1 else f"{count} people"


def moved_in_words(moved: int) -> str:
    return f"{_people(moved)} changed group" if moved else "Nobody changed group"


def channel_lines(guild: discord.Guild, now: SettingsNow, kinds: Sequence[str]) -> list[str]:
    """Where each kind is posted, and what keeps us from posting there."""
    return [
        f"**{kind}**: {channel_name(guild, now.channel(kind))}{_trouble(guild, now.channel(kind))} · "
        f"{CHANNEL_MEANS[kind]}"
        for kind in kinds
    ]


def changed_lines(values: Mapping[str, str | None]) -> list[str]:
    return [
        f"**{LABELS[column]}** is {(value if column == 'timezone' else safe(value)) if value else 'empty'} now."
        for column, value in values.items()
    ]


LABELS: Final = {
    **{column: label.capitalize() for column, label in TEXTS.items()},
    "timezone": "Time zone",
    **DEFAULTS,
}


def everything(guild: discord.Guild, now: SettingsNow, clock: str) -> list[str]:
    """`/settings show`: every setting with what it means."""
    row = now.guild
    yourself = {column: getattr(row, column) for column in TEXTS}
    return [
        f"**Time zone**: {row.timezone} (it is {clock} there) · days and typed times are reckoned in it",
        *(f"**{LABELS[column]}**: {safe(value) if value else 'empty'}" for column, value in yourself.items()),
        "__Roles__: what people may do follows the role they hold",
        *mapping_lines(guild, now.mapping),
        "__Channels__",
        *channel_lines(guild, now, CHANNELS),
        "__Raids__",
        f"**Points a tick**: {points(now.tick_points)} · unless the tick or its event says otherwise",
        f"**On time**: until {_span(row.on_time_seconds)} after the start · later counts as late",
        f"**Standby**: {row.standby_percent} % of a tick's points · counts in full for attendance",
        f"**Automatic ticks**: {f'every {_span(row.tick_every_seconds)}' if row.tick_every_seconds else 'off'}"
        " · unless the raid says otherwise",
        f"**Voice**: {row.voice_mode} · {_VOICE[row.voice_mode]}",
        f"**Attendance**: counts {row.attendance_count} · {_COUNTS[row.attendance_count]}",
        "__Auctions__",
        *auction_lines(row),
        "__Points__",
        f"**First pool**: {safe(now.pool_name)} · {_DECIMALS[now.decimals]}, bids down to {points(now.pool_floor)}"
        " · /pool list says all of every pool",
        "__Permissions__: what a role may do beside its group (/settings permissions)",
        *permission_lines(guild, now.grants),
    ]


def auction_lines(row: Guild) -> list[str]:
    """How auctions go here unless one says otherwise."""
    return [
        f"**Form**: {row.auction_kind} · {_KINDS[row.auction_kind]}",
        f"**Duration**: {_span(row.auction_seconds)} · unless the auction says otherwise",
        f"**Minimum and increment**: {points(row.auction_minimum)} and {points(row.auction_increment)}"
        " · the first bid, and the least step",
        f"**Increment by price**: {steps_in_words(read_steps(row.auction_steps))} · from a price on the step is larger",
        f"**Who may bid**: {_BIDDERS[row.auction_bidders]}",
        f"**One win a night**: {_on(row.auction_one_win)} · who won something tonight "
        f"{'bids no more' if row.auction_one_win else 'may win again'}",
        f"**Floor of bids**: {_floor(row)}",
        f"**Late bids**: {_late_bids(row)}",
        f"**Taking a bid back**: {_RETRACT[row.auction_retract]}",
        f"**Who is bidding**: {'hidden until the end' if row.auction_names_hidden else 'visible'}"
        " · in sealed forms nobody sees it before the end anyway",
        f"**Order of offers**: {ties_in_words(row.auction_ties)} · in sealed forms; each decides among those the ones "
        "before leave equal",
        f"**Price of sealed copies**: {_COPIES_PAY[row.auction_copies_pay]}",
        f"**What nobody bids on**: {_WITHOUT_BID[row.auction_without_bid]}",
        f"**All-in**: {_on(row.auction_all_in)} · whether people are offered to bid all they can spend",
        f"**Item site**: {safe(row.item_link) if row.item_link else 'off'} · where an item's name leads",
    ]


def permission_lines(guild: discord.Guild, grants: Mapping[str, Sequence[int]]) -> list[str]:
    """Each role that was granted something, with what."""
    by_role: dict[int, list[str]] = {}
    for capability, role_ids in sorted(grants.items()):
        for role_id in role_ids:
            by_role.setdefault(role_id, []).append(permissions.CAPABILITIES[capability][0])
    lines = [f"**{role_name(guild, role_id)}** may {', '.join(doing)}" for role_id, doing in by_role.items()]
    return lines or ["No role was given more than its group has."]


def granted_in_words(guild: discord.Guild, granted: Granted) -> str:
    """What `/settings permissions` came to."""
    role = role_name(guild, granted.role_id)
    groups = " and ".join(f"{group_name(group)}s" for group in granted.anyway)
    if granted.allow:
        text = f"Who holds {role} may {granted.doing} {'now' if granted.changed else 'already'}."
        return f"{text} As {groups} they may anyway." if groups else text
    text = f"{role} is no longer allowed to {granted.doing}." if granted.changed else f"{role} was not given that."
    return f"{text} Who holds it may all the same, as {groups}." if groups else text


def _late_bids(row: Guild) -> str:
    if not (row.snipe_window_seconds and row.snipe_extension_seconds and row.snipe_limit):
        return "give no time: an auction ends when it said it would"
    return (
        f"with less than {_span(row.snipe_window_seconds)} left a new leader gives"
        f" {_span(row.snipe_extension_seconds)} more, at most {row.snipe_limit} times"
    )


def _floor(row: Guild) -> str:
    if row.auction_floor is None:
        return "the pool's · what must be left after a bid"
    return f"{points(row.auction_floor)} · what must be left after a bid, or the pool's floor if that is more"


def _on(yes: bool) -> str:
    return "on" if yes else "off"


def _trouble(guild: discord.Guild, channel_id: int | None) -> str:
    channel = guild.get_channel(channel_id) if channel_id is not None else None
    lacking = lacks(guild, channel) if channel is not None else []
    return f" ⚠️ I lack {' and '.join(lacking)} there" if lacking else ""


def _span(seconds: int) -> str:
    return format_duration(timedelta(seconds=seconds))


_VOICE: Final = {
    "adds": "who is in the raid's voice channel is credited too",
    "required": "only who is in the raid's voice channel is credited",
}
_COUNTS: Final = {
    "raids": "a raid somebody was credited in is a raid attended",
    "ticks": "each tick counts by itself",
}
_BIDDERS: Final = {
    None: "who is in the raid; without a raid, members",
    "raid": "who is in the raid",
    "members": "members",
}
_KINDS: Final = {
    "open": "bids are seen, and the highest pays it",
    "sealed": "offers are secret until the end, and the highest pays it",
    "second-price": "offers are secret until the end, and the highest pays one step over the next best",
}
_RETRACT: Final = {
    "never": "never · a bid stands until it is outbid",
    "not leading": "while it does not lead; a sealed offer at any time",
    "always": "at any time, a leading bid too",
}
_COPIES_PAY: Final = {
    "own": "each their own · of one who wins a copy among several",
    "lowest": "the lowest that wins, for all",
}
_WITHOUT_BID: Final = {
    "rots": "left to rot · nobody gets it",
    "given": "given away · a leader says to whom",
    "bank": "kept in the guild's bank",
}
_DECIMALS: Final = {0: "whole points", 1: "one decimal", 2: "two decimals"}


def zone_line(zone: str, clock: str) -> str:
    return f"**Time zone**: {zone}. It is now {clock} for you: right?"
