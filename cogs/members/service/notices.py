"""Which notices people take, and how they come: `/me notifications`."""

from dataclasses import dataclass
from typing import Literal, get_args

from bot.stage import Session, use_case

Choice = Literal["by default", "always", "never"]
"""By default is a choice only where a kind has one that is not always (`registry.Notice.by_default`)."""


@dataclass(frozen=True, slots=True)
class Notices:
    """Every kind there is with what somebody chose, and whether they come as pings in the channel."""

    chosen: dict[str, Choice]
    pinged: bool


async def notices_of_me(session: Session) -> Notices:
    """The acting person's own; kinds with a default to change come first."""
    me, kinds = session.member, session.stage.registry.notices
    chosen: dict[str, Choice] = {}
    for kind, notice in sorted(kinds.items(), key=lambda each: (not each[1].by_default, each[0])):
        if kind in me.muted:
            chosen[kind] = "never"
        else:
            chosen[kind] = "always" if kind in me.wanted or not notice.by_default else "by default"
    return Notices(chosen, me.pinged)


@use_case("me.own")
async def choose_notice(session: Session, kind: str, choice: str) -> Notices:
    """From now on this kind comes so to the acting person; a kind or choice that is not known changes nothing."""
    me = session.member
    if kind in session.stage.registry.notices and choice in get_args(Choice):
        muted, wanted = set(me.muted) - {kind}, set(me.wanted) - {kind}
        me.muted = sorted(muted | {kind} if choice == "never" else muted)
        me.wanted = sorted(wanted | {kind} if choice == "always" else wanted)
    return await notices_of_me(session)


@use_case("me.own")
async def choose_way(session: Session, pinged: bool) -> Notices:
    """From now on notices come as pings in the channel they are about, or as direct messages."""
    session.member.pinged = pinged
    return await notices_of_me(session)
