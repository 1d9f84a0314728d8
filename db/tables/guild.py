"""The guild: one row a Discord server, with every setting in a typed column; its role mapping; what roles may do."""

from sqlalchemy import text
from sqlalchemy.orm import Mapped, mapped_column

from db.tables.base import Base, GuildId, Points, Snowflake, When, Words, one_of, to


def _default(value: str) -> dict:
    return {"server_default": text(value)}


class Guild(Base):
    """One Discord server. Defaults are those of RECKONING.md; lengths of time are whole seconds."""

    __tablename__ = "guild"
    __table_args__ = (
        one_of("voice_mode", "adds", "required"),
        one_of("auction_bidders", "raid", "members"),
        one_of("attendance_count", "raids", "ticks"),
        one_of("auction_kind", "open", "sealed", "second-price"),
        one_of("auction_retract", "never", "not leading", "always"),
        one_of("auction_without_bid", "rots", "given", "bank"),
        one_of("auction_copies_pay", "own", "lowest"),
    )

    guild_id: Mapped[GuildId]
    name: Mapped[Words]
    joined_at: Mapped[When]
    removed_at: Mapped[When | None]
    welcomed_at: Mapped[When | None]
    set_up_at: Mapped[When | None]

    timezone: Mapped[Words] = mapped_column(**_default("'UTC'"))
    game: Mapped[Words | None]
    guild_name: Mapped[Words | None]
    server: Mapped[Words | None]
    region: Mapped[Words | None]
    faction: Mapped[Words | None]

    raids_channel_id: Mapped[Snowflake | None]
    auctions_channel_id: Mapped[Snowflake | None]
    loot_channel_id: Mapped[Snowflake | None]
    recruitment_channel_id: Mapped[Snowflake | None]
    votes_channel_id: Mapped[Snowflake | None]
    events_channel_id: Mapped[Snowflake | None]
    audit_channel_id: Mapped[Snowflake | None]
    welcome_channel_id: Mapped[Snowflake | None]

    tick_points: Mapped[Points] = mapped_column(**_default("10"))
    on_time_seconds: Mapped[int] = mapped_column(**_default("900"))
    standby_percent: Mapped[int] = mapped_column(**_default("50"))
    tick_every_seconds: Mapped[int | None]
    voice_mode: Mapped[Words] = mapped_column(**_default("'adds'"))

    attendance_count: Mapped[Words] = mapped_column(**_default("'raids'"))

    auction_seconds: Mapped[int] = mapped_column(**_default("180"))
    auction_minimum: Mapped[Points] = mapped_column(**_default("1"))
    auction_increment: Mapped[Points] = mapped_column(**_default("1"))
    auction_bidders: Mapped[Words | None]
    """Who may bid: `raid` or `members`; None means `raid` for an auction with a raid, else `members`."""
    auction_kind: Mapped[Words] = mapped_column(**_default("'open'"))
    auction_steps: Mapped[Words] = mapped_column(**_default("''"))
    auction_ties: Mapped[Words] = mapped_column(**_default("'tier amount attendance balance wins earliest'"))
    auction_copies_pay: Mapped[Words] = mapped_column(**_default("'own'"))
    auction_one_win: Mapped[bool] = mapped_column(**_default("false"))
    auction_floor: Mapped[Points | None]
    auction_retract: Mapped[Words] = mapped_column(**_default("'not leading'"))
    auction_without_bid: Mapped[Words] = mapped_column(**_default("'rots'"))
    auction_names_hidden: Mapped[bool] = mapped_column(**_default("false"))
    auction_all_in: Mapped[bool] = mapped_column(**_default("false"))
    """Whether the panel offers to bid everything."""
    item_link: Mapped[Words | None]
    """Where an item is looked up: an https address with `{item}` in it."""
    snipe_window_seconds: Mapped[int] = mapped_column(**_default("20"))
    snipe_extension_seconds: Mapped[int] = mapped_column(**_default("20"))
    snipe_limit: Mapped[int] = mapped_column(**_default("20"))


class RoleMapping(Base):
    """Which Discord role stands for a role group, or for the badge `raid_leader`."""

    __tablename__ = "role_mapping"
    __table_args__ = (
        one_of("role_group", "developer", "officer", "recruiter", "member", "applicant", "guest", "raid_leader"),
        to("guild"),
    )

    guild_id: Mapped[GuildId]
    role_group: Mapped[Words] = mapped_column(primary_key=True)
    role_id: Mapped[Snowflake]


class CapabilityGrant(Base):
    """A capability that whoever holds a Discord role has, beside those of their role group."""

    __tablename__ = "capability_grant"
    __table_args__ = (to("guild"),)

    guild_id: Mapped[GuildId]
    capability: Mapped[Words] = mapped_column(primary_key=True)
    role_id: Mapped[Snowflake] = mapped_column(primary_key=True)
    granted_at: Mapped[When]
    granted_by_user_id: Mapped[Snowflake | None]
