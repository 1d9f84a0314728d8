"""Who may do what: capabilities granted to role groups as a table, not inherited; unsure means no.

`/settings roles` and `/setup` are for who may Manage Server in Discord, whatever their group. Before the member
role is mapped, who may Manage Server is officer and everybody else is a newcomer: may check in, bid and read.

A guild may grant a capability to any Discord role on top (`/settings permissions`), but not those of Manage Server.
"""

from collections.abc import Collection, Mapping
from typing import Final

GROUPS: Final = ("developer", "officer", "recruiter", "member", "applicant", "guest")
"""Role groups, high to low; one a member."""
MEMBERS: Final = frozenset({"developer", "officer", "recruiter", "member"})
"""Groups that are members: credited by ticks, given start points, counted by attendance."""
BADGE: Final = "raid_leader"
"""On top of any group."""
NEWCOMER: Final = "newcomer"
"""Everybody without Manage Server, before the member role is mapped."""
MANAGE_SERVER: Final = "manage_server"

_RAIDERS = ("developer", "officer", "recruiter", "member")
_READERS = (*_RAIDERS, "applicant", NEWCOMER)
_ANYONE = (*_READERS, "guest")

CAPABILITIES: Final[dict[str, tuple[str, frozenset[str]]]] = {
    name: (doing, frozenset(who))
    for name, doing, who in (
        ("settings.setup", "set me up", (MANAGE_SERVER,)),
        ("settings.roles", "map the roles", (MANAGE_SERVER,)),
        ("settings.permissions", "say what a role may do", (MANAGE_SERVER,)),
        ("settings.edit", "change settings", ("developer", "officer")),
        ("settings.view", "see the settings", ("developer", "officer")),
        ("characters.own", "keep characters", _READERS),
        ("characters.manage", "change other people's characters", ("officer",)),
        ("characters.view", "see characters", _READERS),
        ("characters.claim", "claim characters", _ANYONE),
        ("members.link", "link people", ("officer",)),
        ("me.own", "see and change what I keep of you", _ANYONE),
        ("raids.manage", "lead raids", ("officer", BADGE)),
        ("raids.cancel", "cancel raids", ("officer",)),
        ("raids.check_in", "check in", _READERS),
        ("raids.view", "see raids", _READERS),
        ("raids.claim", "claim ticks", _READERS),
        ("attendance.view", "see attendance", _READERS),
        ("attendance.export", "export attendance", ("officer",)),
        ("dkp.view", "see points", _READERS),
        ("dkp.adjust", "adjust points", ("officer",)),
        ("dkp.undo", "undo", ("officer",)),
        ("dkp.decay", "let points decay", ("officer",)),
        ("dkp.transfer", "give points", (*_RAIDERS, NEWCOMER)),
        ("dkp.export", "export points", ("officer",)),
        ("dkp.import", "import points", ("officer",)),
        ("pools.manage", "change pools", ("officer",)),
        ("auctions.manage", "run auctions", ("officer", BADGE)),
        ("auctions.bid", "bid", (*_RAIDERS, NEWCOMER)),
        ("auctions.view", "see auctions", _READERS),
        ("loot.view", "see loot", _READERS),
        ("loot.award", "record awards", ("officer", BADGE)),
        ("loot.undo", "undo awards", ("officer",)),
        ("stats.view", "see statistics", (*_RAIDERS, NEWCOMER)),
        ("help.view", "ask for help", _ANYONE),
        ("audit.view", "search the audit", ("developer", "officer")),
    )
}
"""capability: (what it lets one do, who has it)."""

_PLURAL = {
    MANAGE_SERVER: "people who may Manage Server",
    "developer": "developers",
    "officer": "officers",
    "recruiter": "recruiters",
    "member": "members",
    "applicant": "applicants",
    BADGE: "raid leaders",
}


def allowed(capability: str, standings: frozenset[str]) -> bool:
    """Whether somebody with these standings (group, badge, manage_server) has a capability."""
    return bool(CAPABILITIES[capability][1] & standings)


def may_be_granted(capability: str) -> bool:
    """Whether a guild may give it to a Discord role: never what takes Manage Server."""
    return CAPABILITIES[capability][1] != frozenset({MANAGE_SERVER})


def may_be_everybodys(capability: str) -> bool:
    """Whether a guild may give it to @everyone: never what moves points or runs things."""
    return "applicant" in CAPABILITIES[capability][1]


def refusal_sentence(capability: str) -> str:
    """Who may, in words: "Only officers and raid leaders may lead raids; ask one of them."."""
    doing, who = CAPABILITIES[capability]
    names = [_PLURAL[group] for group in _PLURAL if group in who]
    listed = names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"
    return f"Only {listed} may {doing}; ask one of them."


def group_of(role_ids: Collection[int], mapping: Mapping[str, int]) -> str:
    """The highest mapped group whose Discord role somebody holds, else guest."""
    return next((group for group in GROUPS if mapping.get(group) in role_ids), "guest")


def standings(
    *, role_group: str | None, role_ids: frozenset[int], manage_guild: bool, mapping: dict[str, int]
) -> frozenset[str]:
    """The words a person's capabilities hang on, from their roster group and what Discord says of them now."""
    held = {MANAGE_SERVER} if manage_guild else set()
    if "member" in mapping:
        held.add(role_group or "guest")
    else:
        held.add("officer" if manage_guild else NEWCOMER)
    if mapping.get(BADGE) in role_ids:
        held.add(BADGE)
    return frozenset(held)
