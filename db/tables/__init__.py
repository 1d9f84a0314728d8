"""Every table, one module a subject. Tenant tables are led by `guild_id` and guarded by row-level security."""

from db.tables.auctions import LIVE_BIDS, Auction, AuctionBatch, Award, Bid
from db.tables.base import Base
from db.tables.guild import CapabilityGrant, Guild, RoleMapping
from db.tables.people import Character, CharacterClaim, CharacterOwner, Member, MemberLink, Stay
from db.tables.points import (
    Account,
    Batch,
    DataImport,
    DecayRun,
    DecaySchedule,
    EntryText,
    Hold,
    LedgerEntry,
    Pool,
    Transfer,
)
from db.tables.raids import Event, Raid, RaidClaim, RaidImport, RaidMember, Tick, TickCredit, UnknownName
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
    "LIVE_BIDS",
    "Account",
    "Auction",
    "AuctionBatch",
    "Audit",
    "Award",
    "Base",
    "Batch",
    "Bid",
    "Board",
    "CapabilityGrant",
    "Character",
    "CharacterClaim",
    "CharacterOwner",
    "CommandSync",
    "DataImport",
    "DecayRun",
    "DecaySchedule",
    "DueJob",
    "EntryText",
    "Event",
    "Guild",
    "Heartbeat",
    "Hold",
    "InteractionAnswer",
    "LedgerEntry",
    "Member",
    "MemberLink",
    "Outage",
    "Outbox",
    "Pool",
    "Raid",
    "RaidClaim",
    "RaidImport",
    "RaidMember",
    "RoleMapping",
    "Stay",
    "Tick",
    "TickCredit",
    "Transfer",
    "UnknownName",
]
