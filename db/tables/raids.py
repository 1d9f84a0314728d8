"""Events, raids, rosters, ticks, credits and imports."""

from sqlalchemy import Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from db.tables.base import Base, GuildId, Json, Points, Ref, RowId, Snowflake, When, Words, one_of, to


class Event(Base):
    """A guild's named kind of raid, remembered from first use."""

    __tablename__ = "event"
    __table_args__ = (to("guild"), to("pool", "pool_id"), UniqueConstraint("guild_id", "name_key"))

    guild_id: Mapped[GuildId]
    event_id: Mapped[RowId]
    name: Mapped[Words]
    name_key: Mapped[Words]
    pool_id: Mapped[Ref | None]
    tick_points: Mapped[Points | None]
    last_used_at: Mapped[When]


class Raid(Base):
    """An evening that happened or happens: running -> ended | cancelled; ended -> running for 24 h."""

    __tablename__ = "raid"
    __table_args__ = (
        to("event", "event_id"),
        to("pool", "pool_id"),
        one_of("status", "running", "ended", "cancelled"),
        one_of("outcome", "win", "wipe", "other"),
        one_of("voice_mode", "adds", "required"),
        Index(None, "guild_id", "status", "started_at"),
    )

    guild_id: Mapped[GuildId]
    raid_id: Mapped[RowId]
    event_id: Mapped[Ref]
    pool_id: Mapped[Ref]
    name: Mapped[Words]
    note: Mapped[Words | None]
    status: Mapped[Words] = mapped_column(server_default=text("'running'"))
    outcome: Mapped[Words | None]
    tick_points: Mapped[Points]
    every_seconds: Mapped[int | None]
    voice_channel_id: Mapped[Snowflake | None]
    voice_mode: Mapped[Words] = mapped_column(server_default=text("'adds'"))
    channel_id: Mapped[Snowflake]
    started_at: Mapped[When]
    started_by_user_id: Mapped[Snowflake]
    ended_at: Mapped[When | None]
    cancel_reason: Mapped[Words | None]


class RaidMember(Base):
    """One person on a raid's roster. `late` and `left` say how their evening went; ticks say what they earned."""

    __tablename__ = "raid_member"
    __table_args__ = (
        to("raid", "raid_id"),
        to("member", "member_id"),
        one_of("status", "present", "standby", "left", "excused", "absent", "removed"),
    )

    guild_id: Mapped[GuildId]
    raid_id: Mapped[Ref] = mapped_column(primary_key=True)
    member_id: Mapped[Ref] = mapped_column(primary_key=True)
    status: Mapped[Words]
    late: Mapped[bool] = mapped_column(server_default=text("false"))
    arrived_at: Mapped[When | None]
    left_at: Mapped[When | None]
    last_seen_at: Mapped[When | None]
    """Last press, voice sighting or dump line."""
    unseen_ticks: Mapped[int] = mapped_column(server_default=text("0"))
    """Ticks in a row without being seen; 3 shows "?" on the board."""
    character_name: Mapped[Words | None]
    added_by_user_id: Mapped[Snowflake | None]
    """The leader who put them here; such a person is credited whatever their role group."""


class Tick(Base):
    """A moment of a raid with a value. Undone ticks stay as rows."""

    __tablename__ = "tick"
    __table_args__ = (
        to("raid", "raid_id"),
        UniqueConstraint("guild_id", "raid_id", "number"),
        one_of("source", "button", "command", "automatic", "dump", "added"),
    )

    guild_id: Mapped[GuildId]
    tick_id: Mapped[RowId]
    raid_id: Mapped[Ref]
    number: Mapped[int]
    value: Mapped[Points]
    note: Mapped[Words | None]
    source: Mapped[Words]
    taken_at: Mapped[When]
    taken_by_user_id: Mapped[Snowflake | None]
    undone_at: Mapped[When | None]
    undone_reason: Mapped[Words | None]
    not_credited: Mapped[Json | None]
    """`{"members": [7, 9]}`: people who were seen and are not members; **Add** credits them."""


class TickCredit(Base):
    """One person credited by one tick, at most once whatever the sources."""

    __tablename__ = "tick_credit"
    __table_args__ = (
        to("tick", "tick_id"),
        to("member", "member_id"),
        to("ledger_entry", "entry_id"),
        one_of("evidence", "button", "voice", "dump", "officer"),
        Index(None, "guild_id", "member_id", "tick_id"),
    )

    guild_id: Mapped[GuildId]
    tick_id: Mapped[Ref] = mapped_column(primary_key=True)
    member_id: Mapped[Ref] = mapped_column(primary_key=True)
    entry_id: Mapped[Ref | None]
    """Empty when the credit is worth nothing (a tick of 0 points still counts as attendance)."""
    standby: Mapped[bool] = mapped_column(server_default=text("false"))
    evidence: Mapped[Words]
    character_name: Mapped[Words | None]
    line: Mapped[Words | None]


class RaidImport(Base):
    """A dump taken into a raid. The same content for one raid twice changes nothing."""

    __tablename__ = "raid_import"
    __table_args__ = (
        to("raid", "raid_id"),
        to("tick", "tick_id"),
        UniqueConstraint("guild_id", "raid_id", "sha256"),
    )

    guild_id: Mapped[GuildId]
    raid_import_id: Mapped[RowId]
    raid_id: Mapped[Ref]
    tick_id: Mapped[Ref | None]
    file_name: Mapped[Words]
    sha256: Mapped[Words]
    taken_at: Mapped[When | None]
    imported_at: Mapped[When]
    imported_by_user_id: Mapped[Snowflake]
    summary: Mapped[Json]
