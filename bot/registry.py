"""What must reach upward: each slice's `setup` registers here what only it knows.

How to undo what it did, how its audit actions read, what the doctor checks in it, what to do when its due work comes
due, how its boards are drawn, and what a leaver or an outage means to it.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    import discord
    from discord import ui

    from bot.due import Job
    from bot.stage import Session, Stage
    from db.tables import LedgerEntry, Member


@dataclass(frozen=True, slots=True)
class Choice:
    """One line of an autocomplete: what is shown (at most 100 characters) and the id behind it."""

    label: str
    value: str


@dataclass(frozen=True, slots=True)
class Notice:
    """A kind of notice to one person, who may switch it off."""

    about: str
    """In a few words: "being outbid"."""
    by_default: str = ""
    """When it comes to who has not chosen, "in auctions over ten minutes"; empty: always."""


@dataclass(frozen=True, slots=True)
class AuditLine:
    """An audit row as the sentence makers see it.

    `actor` and `about` are safe to show; texts in `before` and `after` are as they were written and go through `safe`.
    The search adds the reason itself.
    """

    action: str
    actor: str
    about: str | None
    target_id: int | None
    before: dict[str, Any]
    after: dict[str, Any]
    reason: str | None


class Undoable(Protocol):
    """How one kind of act (an entry, a tick, an award) is undone by `/dkp undo`."""

    async def recent(self, session: "Session", typed: str) -> list[Choice]:
        """Recent acts of this kind in words, newest first; `value` is the plain id."""
        ...

    async def preview(self, session: "Session", act_id: int) -> list[str]:
        """What follows, a line each: who ends where, who falls below the floor, which open bids stay uncovered."""
        ...

    async def undo(self, session: "Session", act_id: int, reason: str) -> str:
        """Lock the parents, then all accounts, write one reversal per entry, and say what was done in a sentence."""
        ...


class BoardKind(Protocol):
    """A kind of live card: an auction, a raid."""

    async def draw(self, stage: "Stage", guild_id: int, subject_id: int) -> "tuple[discord.ui.LayoutView, bool] | None":
        """The card now and whether it is still live; None when there is no such subject."""
        ...


@dataclass
class Registry:
    due: "dict[str, Callable[[Stage, Job], Awaitable[None]]]" = field(default_factory=dict)
    """due work by kind; a handler opens its own transaction and may be called twice for one row."""
    undo: dict[str, Undoable] = field(default_factory=dict)
    """`entry`, `tick`, `award`: what `/dkp undo` can undo."""
    sentences: dict[str, Callable[[AuditLine], str]] = field(default_factory=dict)
    """audit action -> how it reads."""
    explain: "dict[str, Callable[[Session, LedgerEntry], Awaitable[list[str]]]]" = field(default_factory=dict)
    """source of a ledger entry -> what it came from and the evidence for it, a line each (`/dkp explain`)."""
    exports: "dict[str, Callable[[Session, list[int]], Awaitable[list[dict[str, Any]]]]]" = field(default_factory=dict)
    """section -> what a slice keeps of a person (their member ids, absorbed ones included), as plain rows."""
    forget_refusals: "list[Callable[[Session, Member], Awaitable[str | None]]]" = field(default_factory=list)
    """Why somebody cannot be forgotten now (they lead an auction), in a sentence; None: nothing of this slice's."""
    forget: "list[Callable[[Session, list[int]], Awaitable[None]]]" = field(default_factory=list)
    """Empties the names and free texts that a slice keeps of a person (their member ids), in the same transaction."""
    notices: dict[str, Notice] = field(default_factory=dict)
    """Every kind of notice (`outbox.notify`) by the key that `Member.muted` and `Member.wanted` hold."""
    doctor: "dict[str, Callable[[Session], Awaitable[list[str]]]]" = field(default_factory=dict)
    """check name -> problems found in one guild, a sentence each."""
    boards: dict[str, BoardKind] = field(default_factory=dict)
    rights_lost: "list[Callable[[Stage, int, int | None], Awaitable[None]]]" = field(default_factory=list)
    """(stage, guild_id, member_id): called from due work after somebody's group changed or they left a raid; looks
    whether they (None: everybody) still may do what they began, and must bear being called twice."""
    leavers: "list[Callable[[Stage, int, int], Awaitable[None]]]" = field(default_factory=list)
    """(stage, guild_id, member_id): called from due work after a member left; must bear being called twice."""
    outages: "list[Callable[[Stage, datetime, datetime], Awaitable[None]]]" = field(default_factory=list)
    """(stage, started_at, ended_at): called before connecting when no process of ours lived for over 10 s."""
    cancelled_raids: "list[Callable[[Stage, int, int, str], Awaitable[None]]]" = field(default_factory=list)
    """(stage, guild_id, raid_id, reason): called from due work after a raid was cancelled; must bear twice."""
    add_character_button: "Callable[[], ui.Item[Any]] | None" = None
    """Makes an **Add your character** button for who has none; None while the members slice is not loaded."""
