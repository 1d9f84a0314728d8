"""Events, raids, rosters, ticks, credits, imports, the names nobody knew and the claims."""

from sqlalchemy import Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from db.tables.base import Base, GuildId, Json, Points, Ref, RowId, Snowflake, When, Words, one_of, to

EVIDENCE = ("button", "voice", "dump", "log", "sign-up", "claim", "officer", "import")
"""What shows that somebody was there."""


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
        to("data_import", "data_import_id"),
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
    data_import_id: Mapped[Ref | None]
    """The import of another system's export that brought it."""


class RaidMember(Base):
    """One person on a raid's roster. `late` and `left` say how their evening went; ticks say what they earned."""

    __tablename__ = "raid_member"
    __table_args__ = (
        to("raid", "raid_id"),
        to("member", "member_id"),
        one_of("status", "present", "standby", "left", "excused", "absent", "removed"),
        Index("ix_raid_member_excused", "guild_id", "member_id", postgresql_where=text("status = 'excused'")),
        one_of("seen_by", *EVIDENCE),
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
    seen_by: Mapped[Words] = mapped_column(server_default=text("'button'"))
    """What put them here last: the evidence of the ticks at which nothing else shows them."""
    character_name: Mapped[Words | None]
    added_by_user_id: Mapped[Snowflake | None]
    """The leader who put them here; such a person is credited whatever their role group."""


class Tick(Base):
    """A moment of a raid with a value. Undone ticks stay as rows."""

    __tablename__ = "tick"
    __table_args__ = (
        to("raid", "raid_id"),
        UniqueConstraint("guild_id", "raid_id", "number"),
        one_of(
            "source", "button", "command", "automatic", "voice", "dump", "log", "sign-up", "claim", "added", "import"
        ),
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
        to("raid_import", "raid_import_id"),
        one_of("evidence", *EVIDENCE),
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
    """The file's line that shows them, as it was written."""
    raid_import_id: Mapped[Ref | None]
    """The file the line is from: its name and hash are there."""


class RaidImport(Base):
    """A dump taken into a raid. The same content for one raid twice changes nothing."""

    __tablename__ = "raid_import"
    __table_args__ = (
        to("raid", "raid_id"),
        to("tick", "tick_id"),
        Index(
            "uq_raid_import_content",
            "guild_id",
            "raid_id",
            "sha256",
            unique=True,
            postgresql_where=text("undone_at IS NULL"),
        ),
    )

    guild_id: Mapped[GuildId]
    raid_import_id: Mapped[RowId]
    raid_id: Mapped[Ref]
    tick_id: Mapped[Ref | None]
    kind: Mapped[Words | None]
    """What it was read as: raid roster, raid tick, guild dump, log, names."""
    file_name: Mapped[Words]
    sha256: Mapped[Words]
    taken_at: Mapped[When | None]
    imported_at: Mapped[When]
    imported_by_user_id: Mapped[Snowflake]
    summary: Mapped[Json]
    undone_at: Mapped[When | None]
    """Its tick was undone: the same content may come again."""


class UnknownName(Base):
    """A name of an imported file that led to nobody, until a leader says whose it is, makes somebody, or ignores it."""

    __tablename__ = "unknown_name"
    __table_args__ = (
        to("raid", "raid_id"),
        to("tick", "tick_id"),
        to("raid_import", "raid_import_id"),
        to("member", "member_id"),
        one_of("status", "open", "linked", "created", "ignored"),
        Index(None, "guild_id", "raid_id", "status"),
        Index(None, "guild_id", "name_key"),
    )

    guild_id: Mapped[GuildId]
    unknown_name_id: Mapped[RowId]
    raid_id: Mapped[Ref]
    tick_id: Mapped[Ref | None]
    raid_import_id: Mapped[Ref | None]
    name: Mapped[Words]
    name_key: Mapped[Words]
    character_class: Mapped[Words | None]
    level: Mapped[int | None]
    line: Mapped[Words | None]
    seen_at: Mapped[When]
    status: Mapped[Words] = mapped_column(server_default=text("'open'"))
    member_id: Mapped[Ref | None]
    """Whose it turned out to be."""
    decided_at: Mapped[When | None]
    decided_by_user_id: Mapped[Snowflake | None]


class RaidClaim(Base):
    """ "I was there": open until a leader accepts or refuses it, or 72 hours have passed."""

    __tablename__ = "raid_claim"
    __table_args__ = (
        to("raid", "raid_id"),
        to("tick", "tick_id"),
        to("member", "member_id"),
        one_of("status", "open", "accepted", "refused", "lapsed"),
        Index(
            "uq_raid_claim_open",
            "guild_id",
            "raid_id",
            "member_id",
            unique=True,
            postgresql_where=text("status = 'open'"),
        ),
    )

    guild_id: Mapped[GuildId]
    raid_claim_id: Mapped[RowId]
    raid_id: Mapped[Ref]
    tick_id: Mapped[Ref | None]
    """The tick claimed; empty: every tick of the raid."""
    member_id: Mapped[Ref]
    note: Mapped[Words]
    status: Mapped[Words] = mapped_column(server_default=text("'open'"))
    made_at: Mapped[When]
    lapses_at: Mapped[When]
    decided_at: Mapped[When | None]
    decided_by_user_id: Mapped[Snowflake | None]
    refused_reason: Mapped[Words | None]
