"""Members, their stays, their characters and who owned a character when; who turned out to be whom."""

from sqlalchemy import Index, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from db.tables.base import Base, GuildId, Ref, RowId, Snowflake, When, Words, one_of, to


class Member(Base):
    """A person in a guild; points and roles are theirs. `discord_user_id` is empty for the unclaimed."""

    __tablename__ = "member"
    __table_args__ = (
        UniqueConstraint("guild_id", "discord_user_id"),
        one_of("role_group", "developer", "officer", "recruiter", "member", "applicant", "guest"),
        to("guild"),
        to("member", "absorbed_by_member_id"),
        to("data_import", "data_import_id"),
        Index(None, "guild_id", "name_key"),
        Index(
            "ix_member_absorbed",
            "guild_id",
            "absorbed_by_member_id",
            postgresql_where=text("absorbed_by_member_id IS NOT NULL"),
        ),
    )

    guild_id: Mapped[GuildId]
    member_id: Mapped[RowId]
    discord_user_id: Mapped[Snowflake | None]
    display_name: Mapped[Words]
    name_key: Mapped[Words]
    role_group: Mapped[Words] = mapped_column(server_default=text("'guest'"))
    joined_at: Mapped[When]
    left_at: Mapped[When | None]
    last_credit_at: Mapped[When | None]
    timezone: Mapped[Words | None]
    """The zone of the files this person uploads; empty means the guild's."""
    became_member_at: Mapped[When | None]
    """When they first were trial or member: attendance counts from here, or from an earlier first credit."""
    openings_settled_at: Mapped[When | None]
    """When start points were given or found not to be due: once for good, whatever happens later."""
    absorbed_by_member_id: Mapped[Ref | None]
    """The member who turned out to be this person: points went there, attendance counts there."""
    data_import_id: Mapped[Ref | None]
    """The import of another system's export that brought them."""
    muted: Mapped[list[str]] = mapped_column(JSONB, server_default=text("'[]'"))
    """Kinds of notices this person switched off."""
    wanted: Mapped[list[str]] = mapped_column(JSONB, server_default=text("'[]'"))
    """Kinds of notices this person wants always, where by default only long auctions send them."""
    pinged: Mapped[bool] = mapped_column(server_default=text("false"))
    """Notices come as a ping in the channel rather than as a direct message."""


class Stay(Base):
    """One stretch of time a member spent in the Discord server: joins, leaves and returns keep history."""

    __tablename__ = "stay"
    __table_args__ = (to("member", "member_id"), Index(None, "guild_id", "member_id"))

    guild_id: Mapped[GuildId]
    stay_id: Mapped[RowId]
    member_id: Mapped[Ref]
    started_at: Mapped[When]
    ended_at: Mapped[When | None]


class Character(Base):
    """A character and its owner now. A name is unique per guild while the character is active."""

    __tablename__ = "character"
    __table_args__ = (
        to("member", "owner_member_id"),
        Index(
            "uq_character_active_name", "guild_id", "name_key", unique=True, postgresql_where=text("retired_at IS NULL")
        ),
        Index("uq_character_main", "guild_id", "owner_member_id", unique=True, postgresql_where=text("is_main")),
        Index(None, "guild_id", "owner_member_id"),
    )

    guild_id: Mapped[GuildId]
    character_id: Mapped[RowId]
    owner_member_id: Mapped[Ref]
    name: Mapped[Words]
    name_key: Mapped[Words]
    character_class: Mapped[Words | None]
    level: Mapped[int | None]
    is_main: Mapped[bool] = mapped_column(server_default=text("false"))
    created_at: Mapped[When]
    retired_at: Mapped[When | None]


class CharacterOwner(Base):
    """Ownership history: `from_member_id` is empty for the first owner."""

    __tablename__ = "character_owner"
    __table_args__ = (
        to("character", "character_id"),
        to("member", "from_member_id"),
        to("member", "to_member_id"),
        Index(None, "guild_id", "character_id"),
    )

    guild_id: Mapped[GuildId]
    character_owner_id: Mapped[RowId]
    character_id: Mapped[Ref]
    from_member_id: Mapped[Ref | None]
    to_member_id: Mapped[Ref]
    reason: Mapped[Words | None]
    by_user_id: Mapped[Snowflake]
    at: Mapped[When]


class MemberLink(Base):
    """An unclaimed member turned out to be somebody here: theirs went over, in one act that is undone as one."""

    __tablename__ = "member_link"
    __table_args__ = (
        to("member", "from_member_id"),
        to("member", "to_member_id"),
        Index(
            "uq_member_link_standing",
            "guild_id",
            "from_member_id",
            unique=True,
            postgresql_where=text("undone_at IS NULL"),
        ),
    )

    guild_id: Mapped[GuildId]
    member_link_id: Mapped[RowId]
    from_member_id: Mapped[Ref]
    to_member_id: Mapped[Ref]
    reason: Mapped[Words]
    linked_at: Mapped[When]
    linked_by_user_id: Mapped[Snowflake | None]
    undone_at: Mapped[When | None]
    undone_reason: Mapped[Words | None]


class CharacterClaim(Base):
    """ "This imported character is me", until an officer says yes or no."""

    __tablename__ = "character_claim"
    __table_args__ = (
        to("character", "character_id"),
        to("member", "member_id"),
        one_of("status", "open", "accepted", "refused"),
        Index(
            "uq_character_claim_open",
            "guild_id",
            "character_id",
            "member_id",
            unique=True,
            postgresql_where=text("status = 'open'"),
        ),
    )

    guild_id: Mapped[GuildId]
    character_claim_id: Mapped[RowId]
    character_id: Mapped[Ref]
    member_id: Mapped[Ref]
    status: Mapped[Words] = mapped_column(server_default=text("'open'"))
    made_at: Mapped[When]
    decided_at: Mapped[When | None]
    decided_by_user_id: Mapped[Snowflake | None]
