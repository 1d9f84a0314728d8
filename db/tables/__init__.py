"""Every table, one module a subject. Tenant tables are led by `guild_id` and guarded by row-level security."""

from db.tables.auctions import Auction, Award, Bid
from db.tables.base import Base
from db.tables.guild import Guild, RoleMapping
from db.tables.people import Character, CharacterOwner, Member, Stay
from db.tables.points import Account, EntryText, Hold, LedgerEntry, Pool
from db.tables.raids import Event, Raid, RaidImport, RaidMember, Tick, TickCredit
from db.tables.work import (
    Audit,
    Board,
    CommandSync,
    DueJob,
    Heartbeat,
    InteractionAnswer,
    Outage,
    Outbox,
)

__all__ = [
    "Account",
    "Auction",
    "Audit",
    "Award",
    "Base",
    "Bid",
    "Board",
    "Character",
    "CharacterOwner",
    "CommandSync",
    "DueJob",
    "EntryText",
    "Event",
    "Guild",
    "Heartbeat",
    "Hold",
    "InteractionAnswer",
    "LedgerEntry",
    "Member",
    "Outage",
    "Outbox",
    "Pool",
    "Raid",
    "RaidImport",
    "RaidMember",
    "RoleMapping",
    "Stay",
    "Tick",
    "TickCredit",
]
