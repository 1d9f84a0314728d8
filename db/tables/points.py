"""Pools, accounts, the append-only ledger, the holds, and the acts that move many entries at once.

Always true: account.balance = opening + earned - spent + adjusted = sum of its entries;
account.held = sum of its holds, never negative.
"""

from sqlalchemy import CheckConstraint, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from db.tables.base import Base, GuildId, Json, Points, Ref, RowId, Snowflake, When, Words, one_of, to

ENTRY_KINDS = (
    "attendance", "bonus", "loot", "adjustment", "penalty", "correction",
    "decay", "transfer", "opening", "import", "reversal",
)  # fmt: skip
ENTRY_SOURCES = (
    "raid", "tick", "auction", "award", "officer", "batch", "decay_run", "import", "transfer", "claim", "opening",
    "entry",
)  # fmt: skip
"""What an entry comes from; `source_id` is that row's number. `officer`: a single act, without a row of its own."""


class Pool(Base):
    """A purse of points. `decimals` is a writing rule; `floor` is the lowest balance a bid may lead to."""

    __tablename__ = "pool"
    __table_args__ = (
        to("guild"),
        UniqueConstraint("guild_id", "name_key"),
        Index("uq_pool_default", "guild_id", unique=True, postgresql_where=text("is_default")),
        CheckConstraint("decimals BETWEEN 0 AND 2", name="decimals_range"),
        one_of("start_on", "join", "first_raid"),
    )

    guild_id: Mapped[GuildId]
    pool_id: Mapped[RowId]
    name: Mapped[Words]
    name_key: Mapped[Words]
    is_default: Mapped[bool] = mapped_column(server_default=text("false"))
    floor: Mapped[Points] = mapped_column(server_default=text("0"))
    decimals: Mapped[int] = mapped_column(server_default=text("0"))
    tick_points: Mapped[Points | None]
    start: Mapped[Points] = mapped_column(server_default=text("0"))
    """What somebody new begins with, once."""
    start_on: Mapped[Words] = mapped_column(server_default=text("'join'"))
    cap: Mapped[Points | None]
    """The highest balance a credit may lead to; what is above is cut."""
    transfers: Mapped[bool] = mapped_column(server_default=text("false"))
    """Whether members may give each other points."""
    created_at: Mapped[When]
    archived_at: Mapped[When | None]


class Account(Base):
    """What one member has in one pool, changed in the same transaction as the entry or hold, under row lock."""

    __tablename__ = "account"
    __table_args__ = (
        to("pool", "pool_id"),
        to("member", "member_id"),
        CheckConstraint("balance = opening + earned - spent + adjusted", name="balance_adds_up"),
        CheckConstraint("held >= 0", name="held_not_negative"),
        Index(None, "guild_id", "member_id"),
    )

    guild_id: Mapped[GuildId]
    pool_id: Mapped[Ref] = mapped_column(primary_key=True)
    member_id: Mapped[Ref] = mapped_column(primary_key=True)
    opening: Mapped[Points] = mapped_column(server_default=text("0"))
    earned: Mapped[Points] = mapped_column(server_default=text("0"))
    spent: Mapped[Points] = mapped_column(server_default=text("0"))
    adjusted: Mapped[Points] = mapped_column(server_default=text("0"))
    balance: Mapped[Points] = mapped_column(server_default=text("0"))
    held: Mapped[Points] = mapped_column(server_default=text("0"))


class LedgerEntry(Base):
    """One movement of points. Append-only: the database refuses UPDATE and DELETE."""

    __tablename__ = "ledger_entry"
    __table_args__ = (
        to("pool", "pool_id"),
        to("member", "member_id"),
        to("ledger_entry", "reverses_entry_id"),
        one_of("kind", *ENTRY_KINDS),
        one_of("source", *ENTRY_SOURCES),
        UniqueConstraint("guild_id", "idempotency_key"),
        Index(
            "uq_ledger_entry_reversed_once",
            "guild_id",
            "reverses_entry_id",
            unique=True,
            postgresql_where=text("reverses_entry_id IS NOT NULL"),
        ),
        CheckConstraint("(kind = 'reversal') = (reverses_entry_id IS NOT NULL)", name="reversal_names_entry"),
        Index(None, "guild_id", "pool_id", "member_id", "entry_id"),
        Index(None, "guild_id", "source", "source_id"),
    )

    guild_id: Mapped[GuildId]
    entry_id: Mapped[RowId]
    pool_id: Mapped[Ref]
    member_id: Mapped[Ref]
    kind: Mapped[Words]
    amount: Mapped[Points]
    balance_after: Mapped[Points]
    source: Mapped[Words]
    source_id: Mapped[Ref | None]
    reverses_entry_id: Mapped[Ref | None]
    actor_user_id: Mapped[Snowflake | None]
    """Who did it; empty when Quartermaster did it itself."""
    created_at: Mapped[When]
    idempotency_key: Mapped[Words]


class EntryText(Base):
    """Names and free text of an entry, beside the ledger so that a person can be forgotten."""

    __tablename__ = "entry_text"
    __table_args__ = (to("ledger_entry", "entry_id"),)

    guild_id: Mapped[GuildId]
    entry_id: Mapped[Ref] = mapped_column(primary_key=True)
    reason: Mapped[Words]
    member_name: Mapped[Words]
    actor_name: Mapped[Words]
    character_name: Mapped[Words | None]
    character_class: Mapped[Words | None]
    character_level: Mapped[int | None]


class Hold(Base):
    """Points reserved for an open bid: one a member and auction. Released or captured means deleted."""

    __tablename__ = "hold"
    __table_args__ = (
        to("auction", "auction_id"),
        to("pool", "pool_id"),
        to("member", "member_id"),
        CheckConstraint("amount > 0", name="amount_positive"),
        Index(None, "guild_id", "pool_id", "member_id"),
    )

    guild_id: Mapped[GuildId]
    auction_id: Mapped[Ref] = mapped_column(primary_key=True)
    member_id: Mapped[Ref] = mapped_column(primary_key=True)
    pool_id: Mapped[Ref]
    amount: Mapped[Points]
    placed_at: Mapped[When]


class Batch(Base):
    """One officer's act on many people at once; its entries have it as their source."""

    __tablename__ = "batch"
    __table_args__ = (to("pool", "pool_id"), one_of("kind", "adjustment", "bonus", "penalty", "correction"))

    guild_id: Mapped[GuildId]
    batch_id: Mapped[RowId]
    pool_id: Mapped[Ref]
    kind: Mapped[Words]
    amount: Mapped[Points]
    reason: Mapped[Words]
    people: Mapped[int]
    made_at: Mapped[When]
    made_by_user_id: Mapped[Snowflake | None]
    undone_at: Mapped[When | None]


class Transfer(Base):
    """Points one member gave another: a pair of entries, undone together."""

    __tablename__ = "transfer"
    __table_args__ = (
        to("pool", "pool_id"),
        to("member", "from_member_id"),
        to("member", "to_member_id"),
        CheckConstraint("amount > 0", name="amount_positive"),
    )

    guild_id: Mapped[GuildId]
    transfer_id: Mapped[RowId]
    pool_id: Mapped[Ref]
    from_member_id: Mapped[Ref]
    to_member_id: Mapped[Ref]
    amount: Mapped[Points]
    reason: Mapped[Words]
    made_at: Mapped[When]
    undone_at: Mapped[When | None]


class DecaySchedule(Base):
    """A pool's standing order to decay, at most one a pool: whole periods after `first_at`, at its local hour."""

    __tablename__ = "decay_schedule"
    __table_args__ = (to("pool", "pool_id"), one_of("every", "week", "two weeks", "month"))

    guild_id: Mapped[GuildId]
    pool_id: Mapped[Ref] = mapped_column(primary_key=True)
    percent: Mapped[Points]
    floor: Mapped[Points | None]
    earned_only: Mapped[bool]
    every: Mapped[Words]
    first_at: Mapped[When]
    """Period zero: that hour of the day it was set, so that a month's 31st is remembered in February."""
    next_at: Mapped[When]
    set_at: Mapped[When]
    set_by_user_id: Mapped[Snowflake | None]


class DecayRun(Base):
    """One decay of a pool, by an officer or by its schedule: at most one for each moment it was scheduled for."""

    __tablename__ = "decay_run"
    __table_args__ = (to("pool", "pool_id"), UniqueConstraint("guild_id", "pool_id", "scheduled_for"))

    guild_id: Mapped[GuildId]
    decay_run_id: Mapped[RowId]
    pool_id: Mapped[Ref]
    percent: Mapped[Points]
    floor: Mapped[Points]
    earned_only: Mapped[bool]
    scheduled_for: Mapped[When | None]
    """The schedule's moment; empty when an officer ran it."""
    people: Mapped[int]
    total: Mapped[Points]
    """What was taken altogether, above zero."""
    run_at: Mapped[When]
    run_by_user_id: Mapped[Snowflake | None]
    undone_at: Mapped[When | None]


class DataImport(Base):
    """Another system's export taken in, in one transaction and undone as one act."""

    __tablename__ = "data_import"
    __table_args__ = (to("guild"), Index(None, "guild_id", "sha256"))

    guild_id: Mapped[GuildId]
    data_import_id: Mapped[RowId]
    format: Mapped[Words]
    file_name: Mapped[Words]
    sha256: Mapped[Words]
    summary: Mapped[Json]
    """Counts and totals by pool, as the preview showed them."""
    imported_at: Mapped[When]
    imported_by_user_id: Mapped[Snowflake | None]
    undone_at: Mapped[When | None]
    undone_reason: Mapped[Words | None]
