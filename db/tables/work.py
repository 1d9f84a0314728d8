"""What the stage keeps: audit, due work, outbox, boards, first answers; and, outside the tenants, process life."""

from typing import Any

from sqlalchemy import BigInteger, Identity, Index, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from db.tables.base import Base, GuildId, Json, Ref, RowId, Snowflake, When, Words, one_of, to


class Audit(Base):
    """One change: who did what to what, before and after, and why. Sentences are made elsewhere."""

    __tablename__ = "audit"
    __table_args__ = (
        to("guild"),
        Index(None, "guild_id", "at"),
        Index(None, "guild_id", "action", "at"),
        Index(None, "guild_id", "about_member_id", "at"),
    )

    guild_id: Mapped[GuildId]
    audit_id: Mapped[RowId]
    at: Mapped[When]
    actor_user_id: Mapped[Snowflake | None]
    actor_name: Mapped[Words]
    action: Mapped[Words]
    target_id: Mapped[Ref | None]
    about_member_id: Mapped[Ref | None]
    before: Mapped[Json | None]
    after: Mapped[Json | None]
    reason: Mapped[Words | None]
    request: Mapped[Words | None]


class DueJob(Base):
    """Something that must happen later. One row a (kind, key); scheduling it again moves it."""

    __tablename__ = "due_job"
    __table_args__ = (
        to("guild"),
        UniqueConstraint("guild_id", "kind", "key"),
        Index("ix_due_job_open", "due_at", postgresql_where=text("done_at IS NULL")),
    )

    guild_id: Mapped[GuildId]
    due_job_id: Mapped[RowId]
    kind: Mapped[Words]
    key: Mapped[Words]
    payload: Mapped[Json] = mapped_column(server_default=text("'{}'"))
    due_at: Mapped[When]
    lease_until: Mapped[When | None]
    attempts: Mapped[int] = mapped_column(server_default=text("0"))
    done_at: Mapped[When | None]
    last_error: Mapped[Words | None]


class Outbox(Base):
    """A message that must reach Discord: written with its cause, sent and retried after the commit."""

    __tablename__ = "outbox"
    __table_args__ = (
        to("guild"),
        one_of("status", "pending", "sending", "sent", "failed"),
        UniqueConstraint("guild_id", "nonce"),
        Index("ix_outbox_open", "next_at", postgresql_where=text("status IN ('pending', 'sending')")),
    )

    guild_id: Mapped[GuildId]
    outbox_id: Mapped[RowId]
    nonce: Mapped[Words]
    """At most 25 characters (Discord's limit); the message's identity for Discord and for us."""
    channel_id: Mapped[Snowflake | None]
    user_id: Mapped[Snowflake | None]
    """A direct message to this person; when their DMs are closed it goes to `channel_id`, if given."""
    content: Mapped[Words]
    mention_user_ids: Mapped[list[int]] = mapped_column(JSONB, server_default=text("'[]'"))
    buttons: Mapped[list[dict[str, str]]] = mapped_column(JSONB, server_default=text("'[]'"))
    """`custom_id` and `label` of each button under the message."""
    status: Mapped[Words] = mapped_column(server_default=text("'pending'"))
    attempts: Mapped[int] = mapped_column(server_default=text("0"))
    created_at: Mapped[When]
    next_at: Mapped[When]
    sending_at: Mapped[When | None]
    """When the first try began: messages older than this are not ours to recognise."""
    message_id: Mapped[Snowflake | None]
    error: Mapped[Words | None]


class Board(Base):
    """Where a subject's live card is posted. Derived: it can be drawn, moved or posted again at any time."""

    __tablename__ = "board"
    __table_args__ = (to("guild"), Index(None, "guild_id", "live"))

    guild_id: Mapped[GuildId]
    kind: Mapped[Words] = mapped_column(primary_key=True)
    subject_id: Mapped[Ref] = mapped_column(primary_key=True)
    channel_id: Mapped[Snowflake]
    message_id: Mapped[Snowflake | None]
    posting_at: Mapped[When | None]
    """When a post was begun whose message id is not known yet; it also makes the post's nonce."""
    old_channel_id: Mapped[Snowflake | None]
    old_message_id: Mapped[Snowflake | None]
    """The card that the next post replaces, to be deleted then."""
    live: Mapped[bool] = mapped_column(server_default=text("true"))
    """False once the final state has been drawn; live boards are redrawn at start-up."""


class InteractionAnswer(Base):
    """The first answer of a use case to an interaction, shown again when Discord or a user repeats it."""

    __tablename__ = "interaction_answer"
    __table_args__ = (to("guild"), Index(None, "at"))

    guild_id: Mapped[GuildId]
    interaction_id: Mapped[Snowflake] = mapped_column(primary_key=True)
    use_case: Mapped[Words] = mapped_column(primary_key=True)
    at: Mapped[When]
    refused: Mapped[bool] = mapped_column(server_default=text("false"))
    answer: Mapped[Any | None] = mapped_column(JSONB)
    """What the use case returned; when refused, the sentence."""


class Heartbeat(Base):
    """One row a running process, written every 5 s; tells how long no process lived."""

    __tablename__ = "heartbeat"

    process: Mapped[Words] = mapped_column(primary_key=True)
    beat_at: Mapped[When]


class Outage(Base):
    """A stretch of more than 10 s in which no process of ours lived."""

    __tablename__ = "outage"

    outage_id: Mapped[int] = mapped_column(BigInteger, Identity(always=False), primary_key=True)
    started_at: Mapped[When]
    ended_at: Mapped[When]


class CommandSync(Base):
    """The fingerprint of the command list Discord has, so that it is sent only when it changed."""

    __tablename__ = "command_sync"

    application_id: Mapped[Snowflake] = mapped_column(primary_key=True, autoincrement=False)
    fingerprint: Mapped[Words]
    synced_at: Mapped[When]
