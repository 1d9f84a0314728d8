"""Pools, accounts, the append-only ledger and the holds.

Always true: account.balance = opening + earned - spent + adjusted = sum of its entries;
account.held = sum of its holds, never negative.
"""

from sqlalchemy import CheckConstraint, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from db.tables.base import Base, GuildId, Points, Ref, RowId, Snowflake, When, Words, one_of, to

ENTRY_KINDS = (
    "attendance", "bonus", "loot", "adjustment", "penalty", "correction",
    "decay", "transfer", "opening", "import", "reversal",
)  # fmt: skip
ENTRY_SOURCES = ("raid", "tick", "auction", "award", "officer", "decay_run", "import", "transfer", "opening", "entry")


class Pool(Base):
    """A purse of points. `decimals` is a writing rule; `floor` is the lowest balance a bid may lead to."""

    __tablename__ = "pool"
    __table_args__ = (
        to("guild"),
        UniqueConstraint("guild_id", "name_key"),
        Index("uq_pool_default", "guild_id", unique=True, postgresql_where=text("is_default")),
        CheckConstraint("decimals BETWEEN 0 AND 2", name="decimals_range"),
    )

    guild_id: Mapped[GuildId]
    pool_id: Mapped[RowId]
    name: Mapped[Words]
    name_key: Mapped[Words]
    is_default: Mapped[bool] = mapped_column(server_default=text("false"))
    floor: Mapped[Points] = mapped_column(server_default=text("0"))
    decimals: Mapped[int] = mapped_column(server_default=text("0"))
    tick_points: Mapped[Points | None]
    created_at: Mapped[When]


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
