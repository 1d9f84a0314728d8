"""Members, their stays, their characters and who owned a character when."""

from sqlalchemy import Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from db.tables.base import Base, GuildId, Ref, RowId, Snowflake, When, Words, one_of, to


class Member(Base):
    """A person in a guild; points and roles are theirs. `discord_user_id` is empty for the unclaimed."""

    __tablename__ = "member"
    __table_args__ = (
        UniqueConstraint("guild_id", "discord_user_id"),
        one_of("role_group", "developer", "officer", "recruiter", "member", "applicant", "guest"),
        to("guild"),
        Index(None, "guild_id", "name_key"),
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
