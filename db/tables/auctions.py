"""Auctions, their batches, bids and awards."""

from sqlalchemy import CheckConstraint, Index, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from db.tables.base import Base, GuildId, Points, Ref, RowId, Snowflake, When, Words, one_of, to


class AuctionBatch(Base):
    """Auctions put up together: they share one overview board, and one summary when the last of them ended."""

    __tablename__ = "auction_batch"
    __table_args__ = (to("guild"),)

    guild_id: Mapped[GuildId]
    auction_batch_id: Mapped[RowId]
    channel_id: Mapped[Snowflake]
    started_at: Mapped[When]
    started_by_user_id: Mapped[Snowflake]
    summed_up_at: Mapped[When | None]
    """When the summary was posted, once."""


class Auction(Base):
    """One item up for bids: open -> won | no_bids | cancelled. Prices are bids; no item has a price."""

    __tablename__ = "auction"
    __table_args__ = (
        to("pool", "pool_id"),
        to("raid", "raid_id"),
        to("auction_batch", "auction_batch_id"),
        one_of("status", "open", "won", "no_bids", "cancelled"),
        one_of("kind", "open", "sealed", "second-price"),
        one_of("bidders", "raid", "members", "role", "attendance"),
        one_of("copies_pay", "own", "lowest"),
        one_of("retract", "never", "not leading", "always"),
        one_of("without_bid", "rots", "given", "bank"),
        CheckConstraint("quantity >= 1", name="quantity_positive"),
        Index(None, "guild_id", "status", "ends_at"),
        Index(
            "ix_auction_batch", "guild_id", "auction_batch_id", postgresql_where=text("auction_batch_id IS NOT NULL")
        ),
        Index(None, "guild_id", "raid_id"),
        Index(None, "guild_id", "item_key"),
    )

    guild_id: Mapped[GuildId]
    auction_id: Mapped[RowId]
    pool_id: Mapped[Ref]
    raid_id: Mapped[Ref | None]
    auction_batch_id: Mapped[Ref | None]
    item_name: Mapped[Words]
    item_key: Mapped[Words]
    note: Mapped[Words | None]
    kind: Mapped[Words] = mapped_column(server_default=text("'open'"))
    quantity: Mapped[int] = mapped_column(server_default=text("1"))
    minimum: Mapped[Points]
    increment: Mapped[Points]
    steps: Mapped[Words] = mapped_column(server_default=text("''"))
    """Increments from a price on, "50:5 100:10"; below the first it is `increment`."""
    bidders: Mapped[Words]
    bidders_role_id: Mapped[Snowflake | None]
    bidders_percent: Mapped[int | None]
    ties: Mapped[Words] = mapped_column(server_default=text("'tier amount attendance balance wins earliest'"))
    """Sealed forms: by what offers are ordered, first to last; ends in `earliest` or `roll`."""
    copies_pay: Mapped[Words] = mapped_column(server_default=text("'own'"))
    one_win: Mapped[bool] = mapped_column(server_default=text("false"))
    """Who won something tonight wins no more."""
    floor: Mapped[Points | None]
    """What must be left after a bid here, where that is more than the pool's floor."""
    retract: Mapped[Words] = mapped_column(server_default=text("'not leading'"))
    without_bid: Mapped[Words] = mapped_column(server_default=text("'rots'"))
    names_hidden: Mapped[bool] = mapped_column(server_default=text("false"))
    """Bidders are not named while it runs."""
    status: Mapped[Words] = mapped_column(server_default=text("'open'"))
    channel_id: Mapped[Snowflake]
    started_at: Mapped[When]
    started_by_user_id: Mapped[Snowflake]
    ends_at: Mapped[When]
    paused_at: Mapped[When | None]
    """While it is set the clock stands: what is left is `ends_at` - `paused_at`."""
    resumed_at: Mapped[When | None]
    """When the clock last went on after a pause."""
    price: Mapped[Points | None]
    """Open, one copy: where it stands now; empty while nobody bid, and in every other form."""
    snipe_window_seconds: Mapped[int]
    snipe_extension_seconds: Mapped[int]
    snipe_limit: Mapped[int]
    snipe_moves: Mapped[int] = mapped_column(server_default=text("0"))
    last_sequence: Mapped[int] = mapped_column(server_default=text("0"))
    time_given_back_at: Mapped[When | None]
    closed_at: Mapped[When | None]
    closed_early_reason: Mapped[Words | None]
    cancel_reason: Mapped[Words | None]
    roll_seed: Mapped[Ref | None]
    """What the roll among equals was drawn with."""
    trace: Mapped[list[str] | None] = mapped_column(JSONB)
    """Why it ended as it did, a sentence a step; names nobody, and no maximum."""


LIVE_BIDS = ("standing", "outbid")
"""Statuses of bids that count while an auction runs."""


class Bid(Base):
    """One offer, accepted or refused. `sequence` is the order of locks, which decides.

    Of `LIVE_BIDS`, `standing` ones are held (in sealed forms everybody's offer), `outbid` ones may stand again.
    """

    __tablename__ = "bid"
    __table_args__ = (
        to("auction", "auction_id"),
        to("member", "member_id"),
        one_of(
            "status",
            *("standing", "outbid", "replaced", "refused", "voided", "retracted", "won", "lost", "cancelled"),
        ),
        one_of("tier", "main", "alt", "anyone"),
        UniqueConstraint("guild_id", "auction_id", "sequence"),
        UniqueConstraint("guild_id", "interaction_id"),
        Index(
            "uq_bid_one_standing",
            "guild_id",
            "auction_id",
            "member_id",
            unique=True,
            postgresql_where=text("status = 'standing'"),
        ),
        Index(None, "guild_id", "member_id", "bid_id"),
    )

    guild_id: Mapped[GuildId]
    bid_id: Mapped[RowId]
    auction_id: Mapped[Ref]
    sequence: Mapped[int]
    member_id: Mapped[Ref]
    amount: Mapped[Points]
    """What was bid aloud (for a maximum alone the least that led); in sealed forms the offer, its owner's secret."""
    maximum: Mapped[Points | None]
    """Up to where it answers others by itself; its owner's secret for ever."""
    tier: Mapped[Words] = mapped_column(server_default=text("'anyone'"))
    """Whether it was made for a main, an alt, or no character."""
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
        Index(
            "uq_award_auction",
            "guild_id",
            "auction_id",
            "member_id",
            unique=True,
            postgresql_where=text("undone_at IS NULL"),
        ),
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
