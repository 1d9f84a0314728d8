"""Auctions, bids and awards."""

from sqlalchemy import Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from db.tables.base import Base, GuildId, Points, Ref, RowId, Snowflake, When, Words, one_of, to


class Auction(Base):
    """One item up for bids: open -> won | no_bids | cancelled. Prices are bids; no item has a price."""

    __tablename__ = "auction"
    __table_args__ = (
        to("pool", "pool_id"),
        to("raid", "raid_id"),
        one_of("status", "open", "won", "no_bids", "cancelled"),
        one_of("bidders", "raid", "members"),
        Index(None, "guild_id", "status", "ends_at"),
        Index(None, "guild_id", "raid_id"),
        Index(None, "guild_id", "item_key"),
    )

    guild_id: Mapped[GuildId]
    auction_id: Mapped[RowId]
    pool_id: Mapped[Ref]
    raid_id: Mapped[Ref | None]
    item_name: Mapped[Words]
    item_key: Mapped[Words]
    note: Mapped[Words | None]
    minimum: Mapped[Points]
    increment: Mapped[Points]
    bidders: Mapped[Words]
    status: Mapped[Words] = mapped_column(server_default=text("'open'"))
    channel_id: Mapped[Snowflake]
    started_at: Mapped[When]
    started_by_user_id: Mapped[Snowflake]
    ends_at: Mapped[When]
    snipe_window_seconds: Mapped[int]
    snipe_extension_seconds: Mapped[int]
    snipe_limit: Mapped[int]
    snipe_moves: Mapped[int] = mapped_column(server_default=text("0"))
    last_sequence: Mapped[int] = mapped_column(server_default=text("0"))
    time_given_back_at: Mapped[When | None]
    closed_at: Mapped[When | None]
    closed_early_reason: Mapped[Words | None]
    cancel_reason: Mapped[Words | None]


class Bid(Base):
    """One offer, accepted or refused. `sequence` is the order of locks, which decides."""

    __tablename__ = "bid"
    __table_args__ = (
        to("auction", "auction_id"),
        to("member", "member_id"),
        one_of("status", "standing", "outbid", "refused", "voided", "won", "lost", "cancelled"),
        UniqueConstraint("guild_id", "auction_id", "sequence"),
        UniqueConstraint("guild_id", "interaction_id"),
        Index(
            "uq_bid_one_standing", "guild_id", "auction_id", unique=True, postgresql_where=text("status = 'standing'")
        ),
        Index(None, "guild_id", "member_id", "bid_id"),
    )

    guild_id: Mapped[GuildId]
    bid_id: Mapped[RowId]
    auction_id: Mapped[Ref]
    sequence: Mapped[int]
    member_id: Mapped[Ref]
    amount: Mapped[Points]
    status: Mapped[Words]
    refusal_code: Mapped[Words | None]
    balance: Mapped[Points]
    """The bidder's balance then."""
    spendable: Mapped[Points]
    """What the bidder could spend then, before this bid."""
    member_name: Mapped[Words]
    character_name: Mapped[Words | None]
    character_class: Mapped[Words | None]
    character_level: Mapped[int | None]
    interaction_id: Mapped[Snowflake | None]
    received_at: Mapped[When]
    placed_at: Mapped[When]
    voided_reason: Mapped[Words | None]


class Award(Base):
    """An item's outcome: who got it, how, and what was paid. Names are snapshots."""

    __tablename__ = "award"
    __table_args__ = (
        to("member", "member_id"),
        to("raid", "raid_id"),
        to("auction", "auction_id"),
        to("pool", "pool_id"),
        to("ledger_entry", "entry_id"),
        to("data_import", "data_import_id"),
        one_of("how", "auction", "bid in game", "roll", "given"),
        Index(None, "guild_id", "member_id", "award_id"),
        Index(None, "guild_id", "item_key", "award_id"),
        Index("uq_award_auction", "guild_id", "auction_id", unique=True, postgresql_where=text("undone_at IS NULL")),
    )

    guild_id: Mapped[GuildId]
    award_id: Mapped[RowId]
    raid_id: Mapped[Ref | None]
    auction_id: Mapped[Ref | None]
    pool_id: Mapped[Ref]
    entry_id: Mapped[Ref | None]
    member_id: Mapped[Ref]
    item_name: Mapped[Words]
    item_key: Mapped[Words]
    member_name: Mapped[Words]
    character_name: Mapped[Words | None]
    how: Mapped[Words]
    cost: Mapped[Points]
    note: Mapped[Words | None]
    awarded_at: Mapped[When]
    awarded_by_user_id: Mapped[Snowflake | None]
    undone_at: Mapped[When | None]
    undone_reason: Mapped[Words | None]
    data_import_id: Mapped[Ref | None]
    """The import of another system's export that brought it."""
