"""The first tables: guilds, people, points, raids, auctions and the stage's own work.

Revision: 0001
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "command_sync",
        sa.Column("application_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("fingerprint", sa.Text(), nullable=False),
        sa.Column("synced_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("application_id", name=op.f("pk_command_sync")),
    )
    op.create_table(
        "guild",
        sa.Column("guild_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("joined_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("removed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("welcomed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("set_up_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("timezone", sa.Text(), server_default=sa.text("'UTC'"), nullable=False),
        sa.Column("game", sa.Text(), nullable=True),
        sa.Column("guild_name", sa.Text(), nullable=True),
        sa.Column("server", sa.Text(), nullable=True),
        sa.Column("region", sa.Text(), nullable=True),
        sa.Column("faction", sa.Text(), nullable=True),
        sa.Column("raids_channel_id", sa.BigInteger(), nullable=True),
        sa.Column("auctions_channel_id", sa.BigInteger(), nullable=True),
        sa.Column("loot_channel_id", sa.BigInteger(), nullable=True),
        sa.Column("recruitment_channel_id", sa.BigInteger(), nullable=True),
        sa.Column("votes_channel_id", sa.BigInteger(), nullable=True),
        sa.Column("events_channel_id", sa.BigInteger(), nullable=True),
        sa.Column("audit_channel_id", sa.BigInteger(), nullable=True),
        sa.Column("welcome_channel_id", sa.BigInteger(), nullable=True),
        sa.Column("tick_points", sa.Numeric(precision=12, scale=2), server_default=sa.text("10"), nullable=False),
        sa.Column("on_time_seconds", sa.Integer(), server_default=sa.text("900"), nullable=False),
        sa.Column("standby_percent", sa.Integer(), server_default=sa.text("50"), nullable=False),
        sa.Column("tick_every_seconds", sa.Integer(), nullable=True),
        sa.Column("voice_mode", sa.Text(), server_default=sa.text("'adds'"), nullable=False),
        sa.Column("auction_seconds", sa.Integer(), server_default=sa.text("180"), nullable=False),
        sa.Column("auction_minimum", sa.Numeric(precision=12, scale=2), server_default=sa.text("1"), nullable=False),
        sa.Column("auction_increment", sa.Numeric(precision=12, scale=2), server_default=sa.text("1"), nullable=False),
        sa.Column("auction_bidders", sa.Text(), nullable=True),
        sa.Column("snipe_window_seconds", sa.Integer(), server_default=sa.text("20"), nullable=False),
        sa.Column("snipe_extension_seconds", sa.Integer(), server_default=sa.text("20"), nullable=False),
        sa.Column("snipe_limit", sa.Integer(), server_default=sa.text("20"), nullable=False),
        sa.CheckConstraint("auction_bidders IN ('raid', 'members')", name=op.f("ck_guild_auction_bidders_known")),
        sa.CheckConstraint("voice_mode IN ('adds', 'required')", name=op.f("ck_guild_voice_mode_known")),
        sa.PrimaryKeyConstraint("guild_id", name=op.f("pk_guild")),
    )
    op.create_table(
        "heartbeat",
        sa.Column("process", sa.Text(), nullable=False),
        sa.Column("beat_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("process", name=op.f("pk_heartbeat")),
    )
    op.create_table(
        "outage",
        sa.Column("outage_id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("outage_id", name=op.f("pk_outage")),
    )
    op.create_table(
        "audit",
        sa.Column("guild_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("audit_id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("actor_user_id", sa.BigInteger(), nullable=True),
        sa.Column("actor_name", sa.Text(), nullable=False),
        sa.Column("action", sa.Text(), nullable=False),
        sa.Column("target_id", sa.BigInteger(), nullable=True),
        sa.Column("about_member_id", sa.BigInteger(), nullable=True),
        sa.Column("before", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.Column("after", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("request", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(["guild_id"], ["guild.guild_id"], name=op.f("fk_audit_guild_id_guild")),
        sa.PrimaryKeyConstraint("guild_id", "audit_id", name=op.f("pk_audit")),
    )
    op.create_index(
        op.f("ix_audit_guild_id_about_member_id_at"), "audit", ["guild_id", "about_member_id", "at"], unique=False
    )
    op.create_index(op.f("ix_audit_guild_id_action_at"), "audit", ["guild_id", "action", "at"], unique=False)
    op.create_index(op.f("ix_audit_guild_id_at"), "audit", ["guild_id", "at"], unique=False)
    op.create_table(
        "board",
        sa.Column("guild_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("subject_id", sa.BigInteger(), nullable=False),
        sa.Column("channel_id", sa.BigInteger(), nullable=False),
        sa.Column("message_id", sa.BigInteger(), nullable=True),
        sa.Column("posting_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("old_channel_id", sa.BigInteger(), nullable=True),
        sa.Column("old_message_id", sa.BigInteger(), nullable=True),
        sa.Column("live", sa.Boolean(), server_default=sa.text("true"), nullable=False),
        sa.ForeignKeyConstraint(["guild_id"], ["guild.guild_id"], name=op.f("fk_board_guild_id_guild")),
        sa.PrimaryKeyConstraint("guild_id", "kind", "subject_id", name=op.f("pk_board")),
    )
    op.create_index(op.f("ix_board_guild_id_live"), "board", ["guild_id", "live"], unique=False)
    op.create_table(
        "due_job",
        sa.Column("guild_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("due_job_id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("payload", postgresql.JSONB(astext_type=sa.Text()), server_default=sa.text("'{}'"), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("lease_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("attempts", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("done_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("last_error", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(["guild_id"], ["guild.guild_id"], name=op.f("fk_due_job_guild_id_guild")),
        sa.PrimaryKeyConstraint("guild_id", "due_job_id", name=op.f("pk_due_job")),
        sa.UniqueConstraint("guild_id", "kind", "key", name=op.f("uq_due_job_guild_id_kind_key")),
    )
    op.create_index("ix_due_job_open", "due_job", ["due_at"], unique=False, postgresql_where=sa.text("done_at IS NULL"))
    op.create_table(
        "interaction_answer",
        sa.Column("guild_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("interaction_id", sa.BigInteger(), nullable=False),
        sa.Column("use_case", sa.Text(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("refused", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("answer", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.ForeignKeyConstraint(["guild_id"], ["guild.guild_id"], name=op.f("fk_interaction_answer_guild_id_guild")),
        sa.PrimaryKeyConstraint("guild_id", "interaction_id", "use_case", name=op.f("pk_interaction_answer")),
    )
    op.create_index(op.f("ix_interaction_answer_at"), "interaction_answer", ["at"], unique=False)
    op.create_table(
        "member",
        sa.Column("guild_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("member_id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("discord_user_id", sa.BigInteger(), nullable=True),
        sa.Column("display_name", sa.Text(), nullable=False),
        sa.Column("name_key", sa.Text(), nullable=False),
        sa.Column("role_group", sa.Text(), server_default=sa.text("'guest'"), nullable=False),
        sa.Column("joined_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("left_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("last_credit_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("timezone", sa.Text(), nullable=True),
        sa.CheckConstraint(
            "role_group IN ('developer', 'officer', 'recruiter', 'member', 'applicant', 'guest')",
            name=op.f("ck_member_role_group_known"),
        ),
        sa.ForeignKeyConstraint(["guild_id"], ["guild.guild_id"], name=op.f("fk_member_guild_id_guild")),
        sa.PrimaryKeyConstraint("guild_id", "member_id", name=op.f("pk_member")),
        sa.UniqueConstraint("guild_id", "discord_user_id", name=op.f("uq_member_guild_id_discord_user_id")),
    )
    op.create_index(op.f("ix_member_guild_id_name_key"), "member", ["guild_id", "name_key"], unique=False)
    op.create_table(
        "outbox",
        sa.Column("guild_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("outbox_id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("nonce", sa.Text(), nullable=False),
        sa.Column("channel_id", sa.BigInteger(), nullable=True),
        sa.Column("user_id", sa.BigInteger(), nullable=True),
        sa.Column("content", sa.Text(), nullable=False),
        sa.Column(
            "mention_user_ids", postgresql.JSONB(astext_type=sa.Text()), server_default=sa.text("'[]'"), nullable=False
        ),
        sa.Column("buttons", postgresql.JSONB(astext_type=sa.Text()), server_default=sa.text("'[]'"), nullable=False),
        sa.Column("status", sa.Text(), server_default=sa.text("'pending'"), nullable=False),
        sa.Column("attempts", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("next_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("sending_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("message_id", sa.BigInteger(), nullable=True),
        sa.Column("error", sa.Text(), nullable=True),
        sa.CheckConstraint("status IN ('pending', 'sending', 'sent', 'failed')", name=op.f("ck_outbox_status_known")),
        sa.ForeignKeyConstraint(["guild_id"], ["guild.guild_id"], name=op.f("fk_outbox_guild_id_guild")),
        sa.PrimaryKeyConstraint("guild_id", "outbox_id", name=op.f("pk_outbox")),
        sa.UniqueConstraint("guild_id", "nonce", name=op.f("uq_outbox_guild_id_nonce")),
    )
    op.create_index(
        "ix_outbox_open",
        "outbox",
        ["next_at"],
        unique=False,
        postgresql_where=sa.text("status IN ('pending', 'sending')"),
    )
    op.create_table(
        "pool",
        sa.Column("guild_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("pool_id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("name_key", sa.Text(), nullable=False),
        sa.Column("is_default", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("floor", sa.Numeric(precision=12, scale=2), server_default=sa.text("0"), nullable=False),
        sa.Column("decimals", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("tick_points", sa.Numeric(precision=12, scale=2), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("decimals BETWEEN 0 AND 2", name=op.f("ck_pool_decimals_range")),
        sa.ForeignKeyConstraint(["guild_id"], ["guild.guild_id"], name=op.f("fk_pool_guild_id_guild")),
        sa.PrimaryKeyConstraint("guild_id", "pool_id", name=op.f("pk_pool")),
        sa.UniqueConstraint("guild_id", "name_key", name=op.f("uq_pool_guild_id_name_key")),
    )
    op.create_index("uq_pool_default", "pool", ["guild_id"], unique=True, postgresql_where=sa.text("is_default"))
    op.create_table(
        "role_mapping",
        sa.Column("guild_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("role_group", sa.Text(), nullable=False),
        sa.Column("role_id", sa.BigInteger(), nullable=False),
        sa.CheckConstraint(
            "role_group IN ('developer', 'officer', 'recruiter', 'member', 'applicant', 'guest', 'raid_leader')",
            name=op.f("ck_role_mapping_role_group_known"),
        ),
        sa.ForeignKeyConstraint(["guild_id"], ["guild.guild_id"], name=op.f("fk_role_mapping_guild_id_guild")),
        sa.PrimaryKeyConstraint("guild_id", "role_group", name=op.f("pk_role_mapping")),
    )
    op.create_table(
        "account",
        sa.Column("guild_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("pool_id", sa.BigInteger(), nullable=False),
        sa.Column("member_id", sa.BigInteger(), nullable=False),
        sa.Column("opening", sa.Numeric(precision=12, scale=2), server_default=sa.text("0"), nullable=False),
        sa.Column("earned", sa.Numeric(precision=12, scale=2), server_default=sa.text("0"), nullable=False),
        sa.Column("spent", sa.Numeric(precision=12, scale=2), server_default=sa.text("0"), nullable=False),
        sa.Column("adjusted", sa.Numeric(precision=12, scale=2), server_default=sa.text("0"), nullable=False),
        sa.Column("balance", sa.Numeric(precision=12, scale=2), server_default=sa.text("0"), nullable=False),
        sa.Column("held", sa.Numeric(precision=12, scale=2), server_default=sa.text("0"), nullable=False),
        sa.CheckConstraint("balance = opening + earned - spent + adjusted", name=op.f("ck_account_balance_adds_up")),
        sa.CheckConstraint("held >= 0", name=op.f("ck_account_held_not_negative")),
        sa.ForeignKeyConstraint(
            ["guild_id", "member_id"],
            ["member.guild_id", "member.member_id"],
            name=op.f("fk_account_guild_id_member_id_member"),
        ),
        sa.ForeignKeyConstraint(
            ["guild_id", "pool_id"], ["pool.guild_id", "pool.pool_id"], name=op.f("fk_account_guild_id_pool_id_pool")
        ),
        sa.PrimaryKeyConstraint("guild_id", "pool_id", "member_id", name=op.f("pk_account")),
    )
    op.create_index(op.f("ix_account_guild_id_member_id"), "account", ["guild_id", "member_id"], unique=False)
    op.create_table(
        "character",
        sa.Column("guild_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("character_id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("owner_member_id", sa.BigInteger(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("name_key", sa.Text(), nullable=False),
        sa.Column("character_class", sa.Text(), nullable=True),
        sa.Column("level", sa.Integer(), nullable=True),
        sa.Column("is_main", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("retired_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["guild_id", "owner_member_id"],
            ["member.guild_id", "member.member_id"],
            name=op.f("fk_character_guild_id_owner_member_id_member"),
        ),
        sa.PrimaryKeyConstraint("guild_id", "character_id", name=op.f("pk_character")),
    )
    op.create_index(
        op.f("ix_character_guild_id_owner_member_id"), "character", ["guild_id", "owner_member_id"], unique=False
    )
    op.create_index(
        "uq_character_active_name",
        "character",
        ["guild_id", "name_key"],
        unique=True,
        postgresql_where=sa.text("retired_at IS NULL"),
    )
    op.create_index(
        "uq_character_main",
        "character",
        ["guild_id", "owner_member_id"],
        unique=True,
        postgresql_where=sa.text("is_main"),
    )
    op.create_table(
        "event",
        sa.Column("guild_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("event_id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("name_key", sa.Text(), nullable=False),
        sa.Column("pool_id", sa.BigInteger(), nullable=True),
        sa.Column("tick_points", sa.Numeric(precision=12, scale=2), nullable=True),
        sa.Column("last_used_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["guild_id", "pool_id"], ["pool.guild_id", "pool.pool_id"], name=op.f("fk_event_guild_id_pool_id_pool")
        ),
        sa.ForeignKeyConstraint(["guild_id"], ["guild.guild_id"], name=op.f("fk_event_guild_id_guild")),
        sa.PrimaryKeyConstraint("guild_id", "event_id", name=op.f("pk_event")),
        sa.UniqueConstraint("guild_id", "name_key", name=op.f("uq_event_guild_id_name_key")),
    )
    op.create_table(
        "ledger_entry",
        sa.Column("guild_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("entry_id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("pool_id", sa.BigInteger(), nullable=False),
        sa.Column("member_id", sa.BigInteger(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("amount", sa.Numeric(precision=12, scale=2), nullable=False),
        sa.Column("balance_after", sa.Numeric(precision=12, scale=2), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("source_id", sa.BigInteger(), nullable=True),
        sa.Column("reverses_entry_id", sa.BigInteger(), nullable=True),
        sa.Column("actor_user_id", sa.BigInteger(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("idempotency_key", sa.Text(), nullable=False),
        sa.CheckConstraint(
            "(kind = 'reversal') = (reverses_entry_id IS NOT NULL)", name=op.f("ck_ledger_entry_reversal_names_entry")
        ),
        sa.CheckConstraint(
            "kind IN ('attendance', 'bonus', 'loot', 'adjustment', 'penalty', 'correction', 'decay', 'transfer', 'opening', 'import', 'reversal')",
            name=op.f("ck_ledger_entry_kind_known"),
        ),
        sa.CheckConstraint(
            "source IN ('raid', 'tick', 'auction', 'award', 'officer', 'decay_run', 'import', 'transfer', 'opening', 'entry')",
            name=op.f("ck_ledger_entry_source_known"),
        ),
        sa.ForeignKeyConstraint(
            ["guild_id", "member_id"],
            ["member.guild_id", "member.member_id"],
            name=op.f("fk_ledger_entry_guild_id_member_id_member"),
        ),
        sa.ForeignKeyConstraint(
            ["guild_id", "pool_id"],
            ["pool.guild_id", "pool.pool_id"],
            name=op.f("fk_ledger_entry_guild_id_pool_id_pool"),
        ),
        sa.ForeignKeyConstraint(
            ["guild_id", "reverses_entry_id"],
            ["ledger_entry.guild_id", "ledger_entry.entry_id"],
            name=op.f("fk_ledger_entry_guild_id_reverses_entry_id_ledger_entry"),
        ),
        sa.PrimaryKeyConstraint("guild_id", "entry_id", name=op.f("pk_ledger_entry")),
        sa.UniqueConstraint("guild_id", "idempotency_key", name=op.f("uq_ledger_entry_guild_id_idempotency_key")),
    )
    op.create_index(
        op.f("ix_ledger_entry_guild_id_pool_id_member_id_entry_id"),
        "ledger_entry",
        ["guild_id", "pool_id", "member_id", "entry_id"],
        unique=False,
    )
    op.create_index(
        op.f("ix_ledger_entry_guild_id_source_source_id"),
        "ledger_entry",
        ["guild_id", "source", "source_id"],
        unique=False,
    )
    op.create_index(
        "uq_ledger_entry_reversed_once",
        "ledger_entry",
        ["guild_id", "reverses_entry_id"],
        unique=True,
        postgresql_where=sa.text("reverses_entry_id IS NOT NULL"),
    )
    op.create_table(
        "stay",
        sa.Column("guild_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("stay_id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("member_id", sa.BigInteger(), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["guild_id", "member_id"],
            ["member.guild_id", "member.member_id"],
            name=op.f("fk_stay_guild_id_member_id_member"),
        ),
        sa.PrimaryKeyConstraint("guild_id", "stay_id", name=op.f("pk_stay")),
    )
    op.create_index(op.f("ix_stay_guild_id_member_id"), "stay", ["guild_id", "member_id"], unique=False)
    op.create_table(
        "character_owner",
        sa.Column("guild_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("character_owner_id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("character_id", sa.BigInteger(), nullable=False),
        sa.Column("from_member_id", sa.BigInteger(), nullable=True),
        sa.Column("to_member_id", sa.BigInteger(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("by_user_id", sa.BigInteger(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["guild_id", "character_id"],
            ["character.guild_id", "character.character_id"],
            name=op.f("fk_character_owner_guild_id_character_id_character"),
        ),
        sa.ForeignKeyConstraint(
            ["guild_id", "from_member_id"],
            ["member.guild_id", "member.member_id"],
            name=op.f("fk_character_owner_guild_id_from_member_id_member"),
        ),
        sa.ForeignKeyConstraint(
            ["guild_id", "to_member_id"],
            ["member.guild_id", "member.member_id"],
            name=op.f("fk_character_owner_guild_id_to_member_id_member"),
        ),
        sa.PrimaryKeyConstraint("guild_id", "character_owner_id", name=op.f("pk_character_owner")),
    )
    op.create_index(
        op.f("ix_character_owner_guild_id_character_id"), "character_owner", ["guild_id", "character_id"], unique=False
    )
    op.create_table(
        "entry_text",
        sa.Column("guild_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("entry_id", sa.BigInteger(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("member_name", sa.Text(), nullable=False),
        sa.Column("actor_name", sa.Text(), nullable=False),
        sa.Column("character_name", sa.Text(), nullable=True),
        sa.Column("character_class", sa.Text(), nullable=True),
        sa.Column("character_level", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(
            ["guild_id", "entry_id"],
            ["ledger_entry.guild_id", "ledger_entry.entry_id"],
            name=op.f("fk_entry_text_guild_id_entry_id_ledger_entry"),
        ),
        sa.PrimaryKeyConstraint("guild_id", "entry_id", name=op.f("pk_entry_text")),
    )
    op.create_table(
        "raid",
        sa.Column("guild_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("raid_id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("event_id", sa.BigInteger(), nullable=False),
        sa.Column("pool_id", sa.BigInteger(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("note", sa.Text(), nullable=True),
        sa.Column("status", sa.Text(), server_default=sa.text("'running'"), nullable=False),
        sa.Column("outcome", sa.Text(), nullable=True),
        sa.Column("tick_points", sa.Numeric(precision=12, scale=2), nullable=False),
        sa.Column("every_seconds", sa.Integer(), nullable=True),
        sa.Column("voice_channel_id", sa.BigInteger(), nullable=True),
        sa.Column("voice_mode", sa.Text(), server_default=sa.text("'adds'"), nullable=False),
        sa.Column("channel_id", sa.BigInteger(), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("started_by_user_id", sa.BigInteger(), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("cancel_reason", sa.Text(), nullable=True),
        sa.CheckConstraint("outcome IN ('win', 'wipe', 'other')", name=op.f("ck_raid_outcome_known")),
        sa.CheckConstraint("status IN ('running', 'ended', 'cancelled')", name=op.f("ck_raid_status_known")),
        sa.CheckConstraint("voice_mode IN ('adds', 'required')", name=op.f("ck_raid_voice_mode_known")),
        sa.ForeignKeyConstraint(
            ["guild_id", "event_id"], ["event.guild_id", "event.event_id"], name=op.f("fk_raid_guild_id_event_id_event")
        ),
        sa.ForeignKeyConstraint(
            ["guild_id", "pool_id"], ["pool.guild_id", "pool.pool_id"], name=op.f("fk_raid_guild_id_pool_id_pool")
        ),
        sa.PrimaryKeyConstraint("guild_id", "raid_id", name=op.f("pk_raid")),
    )
    op.create_index(
        op.f("ix_raid_guild_id_status_started_at"), "raid", ["guild_id", "status", "started_at"], unique=False
    )
    op.create_table(
        "auction",
        sa.Column("guild_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("auction_id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("pool_id", sa.BigInteger(), nullable=False),
        sa.Column("raid_id", sa.BigInteger(), nullable=True),
        sa.Column("item_name", sa.Text(), nullable=False),
        sa.Column("item_key", sa.Text(), nullable=False),
        sa.Column("note", sa.Text(), nullable=True),
        sa.Column("minimum", sa.Numeric(precision=12, scale=2), nullable=False),
        sa.Column("increment", sa.Numeric(precision=12, scale=2), nullable=False),
        sa.Column("bidders", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), server_default=sa.text("'open'"), nullable=False),
        sa.Column("channel_id", sa.BigInteger(), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("started_by_user_id", sa.BigInteger(), nullable=False),
        sa.Column("ends_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("snipe_window_seconds", sa.Integer(), nullable=False),
        sa.Column("snipe_extension_seconds", sa.Integer(), nullable=False),
        sa.Column("snipe_limit", sa.Integer(), nullable=False),
        sa.Column("snipe_moves", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("last_sequence", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("time_given_back_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("closed_early_reason", sa.Text(), nullable=True),
        sa.Column("cancel_reason", sa.Text(), nullable=True),
        sa.CheckConstraint("bidders IN ('raid', 'members')", name=op.f("ck_auction_bidders_known")),
        sa.CheckConstraint("status IN ('open', 'won', 'no_bids', 'cancelled')", name=op.f("ck_auction_status_known")),
        sa.ForeignKeyConstraint(
            ["guild_id", "pool_id"], ["pool.guild_id", "pool.pool_id"], name=op.f("fk_auction_guild_id_pool_id_pool")
        ),
        sa.ForeignKeyConstraint(
            ["guild_id", "raid_id"], ["raid.guild_id", "raid.raid_id"], name=op.f("fk_auction_guild_id_raid_id_raid")
        ),
        sa.PrimaryKeyConstraint("guild_id", "auction_id", name=op.f("pk_auction")),
    )
    op.create_index(op.f("ix_auction_guild_id_item_key"), "auction", ["guild_id", "item_key"], unique=False)
    op.create_index(op.f("ix_auction_guild_id_raid_id"), "auction", ["guild_id", "raid_id"], unique=False)
    op.create_index(
        op.f("ix_auction_guild_id_status_ends_at"), "auction", ["guild_id", "status", "ends_at"], unique=False
    )
    op.create_table(
        "raid_member",
        sa.Column("guild_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("raid_id", sa.BigInteger(), nullable=False),
        sa.Column("member_id", sa.BigInteger(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("late", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("arrived_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("left_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("last_seen_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("unseen_ticks", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("character_name", sa.Text(), nullable=True),
        sa.Column("added_by_user_id", sa.BigInteger(), nullable=True),
        sa.CheckConstraint(
            "status IN ('present', 'standby', 'left', 'excused', 'absent', 'removed')",
            name=op.f("ck_raid_member_status_known"),
        ),
        sa.ForeignKeyConstraint(
            ["guild_id", "member_id"],
            ["member.guild_id", "member.member_id"],
            name=op.f("fk_raid_member_guild_id_member_id_member"),
        ),
        sa.ForeignKeyConstraint(
            ["guild_id", "raid_id"],
            ["raid.guild_id", "raid.raid_id"],
            name=op.f("fk_raid_member_guild_id_raid_id_raid"),
        ),
        sa.PrimaryKeyConstraint("guild_id", "raid_id", "member_id", name=op.f("pk_raid_member")),
    )
    op.create_table(
        "tick",
        sa.Column("guild_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("tick_id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("raid_id", sa.BigInteger(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("value", sa.Numeric(precision=12, scale=2), nullable=False),
        sa.Column("note", sa.Text(), nullable=True),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("taken_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("taken_by_user_id", sa.BigInteger(), nullable=True),
        sa.Column("undone_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("undone_reason", sa.Text(), nullable=True),
        sa.Column("not_credited", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.CheckConstraint(
            "source IN ('button', 'command', 'automatic', 'dump', 'added')", name=op.f("ck_tick_source_known")
        ),
        sa.ForeignKeyConstraint(
            ["guild_id", "raid_id"], ["raid.guild_id", "raid.raid_id"], name=op.f("fk_tick_guild_id_raid_id_raid")
        ),
        sa.PrimaryKeyConstraint("guild_id", "tick_id", name=op.f("pk_tick")),
        sa.UniqueConstraint("guild_id", "raid_id", "number", name=op.f("uq_tick_guild_id_raid_id_number")),
    )
    op.create_table(
        "award",
        sa.Column("guild_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("award_id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("raid_id", sa.BigInteger(), nullable=True),
        sa.Column("auction_id", sa.BigInteger(), nullable=True),
        sa.Column("pool_id", sa.BigInteger(), nullable=False),
        sa.Column("entry_id", sa.BigInteger(), nullable=True),
        sa.Column("member_id", sa.BigInteger(), nullable=False),
        sa.Column("item_name", sa.Text(), nullable=False),
        sa.Column("item_key", sa.Text(), nullable=False),
        sa.Column("member_name", sa.Text(), nullable=False),
        sa.Column("character_name", sa.Text(), nullable=True),
        sa.Column("how", sa.Text(), nullable=False),
        sa.Column("cost", sa.Numeric(precision=12, scale=2), nullable=False),
        sa.Column("note", sa.Text(), nullable=True),
        sa.Column("awarded_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("awarded_by_user_id", sa.BigInteger(), nullable=True),
        sa.Column("undone_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("undone_reason", sa.Text(), nullable=True),
        sa.CheckConstraint("how IN ('auction', 'bid in game', 'roll', 'given')", name=op.f("ck_award_how_known")),
        sa.ForeignKeyConstraint(
            ["guild_id", "auction_id"],
            ["auction.guild_id", "auction.auction_id"],
            name=op.f("fk_award_guild_id_auction_id_auction"),
        ),
        sa.ForeignKeyConstraint(
            ["guild_id", "entry_id"],
            ["ledger_entry.guild_id", "ledger_entry.entry_id"],
            name=op.f("fk_award_guild_id_entry_id_ledger_entry"),
        ),
        sa.ForeignKeyConstraint(
            ["guild_id", "member_id"],
            ["member.guild_id", "member.member_id"],
            name=op.f("fk_award_guild_id_member_id_member"),
        ),
        sa.ForeignKeyConstraint(
            ["guild_id", "pool_id"], ["pool.guild_id", "pool.pool_id"], name=op.f("fk_award_guild_id_pool_id_pool")
        ),
        sa.ForeignKeyConstraint(
            ["guild_id", "raid_id"], ["raid.guild_id", "raid.raid_id"], name=op.f("fk_award_guild_id_raid_id_raid")
        ),
        sa.PrimaryKeyConstraint("guild_id", "award_id", name=op.f("pk_award")),
    )
    op.create_index(
        op.f("ix_award_guild_id_item_key_award_id"), "award", ["guild_id", "item_key", "award_id"], unique=False
    )
    op.create_index(
        op.f("ix_award_guild_id_member_id_award_id"), "award", ["guild_id", "member_id", "award_id"], unique=False
    )
    op.create_index(
        "uq_award_auction",
        "award",
        ["guild_id", "auction_id"],
        unique=True,
        postgresql_where=sa.text("undone_at IS NULL"),
    )
    op.create_table(
        "bid",
        sa.Column("guild_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("bid_id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("auction_id", sa.BigInteger(), nullable=False),
        sa.Column("sequence", sa.Integer(), nullable=False),
        sa.Column("member_id", sa.BigInteger(), nullable=False),
        sa.Column("amount", sa.Numeric(precision=12, scale=2), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("refusal_code", sa.Text(), nullable=True),
        sa.Column("balance", sa.Numeric(precision=12, scale=2), nullable=False),
        sa.Column("spendable", sa.Numeric(precision=12, scale=2), nullable=False),
        sa.Column("member_name", sa.Text(), nullable=False),
        sa.Column("character_name", sa.Text(), nullable=True),
        sa.Column("character_class", sa.Text(), nullable=True),
        sa.Column("character_level", sa.Integer(), nullable=True),
        sa.Column("interaction_id", sa.BigInteger(), nullable=True),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("placed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("voided_reason", sa.Text(), nullable=True),
        sa.CheckConstraint(
            "status IN ('standing', 'outbid', 'refused', 'voided', 'won', 'lost', 'cancelled')",
            name=op.f("ck_bid_status_known"),
        ),
        sa.ForeignKeyConstraint(
            ["guild_id", "auction_id"],
            ["auction.guild_id", "auction.auction_id"],
            name=op.f("fk_bid_guild_id_auction_id_auction"),
        ),
        sa.ForeignKeyConstraint(
            ["guild_id", "member_id"],
            ["member.guild_id", "member.member_id"],
            name=op.f("fk_bid_guild_id_member_id_member"),
        ),
        sa.PrimaryKeyConstraint("guild_id", "bid_id", name=op.f("pk_bid")),
        sa.UniqueConstraint("guild_id", "auction_id", "sequence", name=op.f("uq_bid_guild_id_auction_id_sequence")),
        sa.UniqueConstraint("guild_id", "interaction_id", name=op.f("uq_bid_guild_id_interaction_id")),
    )
    op.create_index(op.f("ix_bid_guild_id_member_id_bid_id"), "bid", ["guild_id", "member_id", "bid_id"], unique=False)
    op.create_index(
        "uq_bid_one_standing",
        "bid",
        ["guild_id", "auction_id"],
        unique=True,
        postgresql_where=sa.text("status = 'standing'"),
    )
    op.create_table(
        "hold",
        sa.Column("guild_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("auction_id", sa.BigInteger(), nullable=False),
        sa.Column("member_id", sa.BigInteger(), nullable=False),
        sa.Column("pool_id", sa.BigInteger(), nullable=False),
        sa.Column("amount", sa.Numeric(precision=12, scale=2), nullable=False),
        sa.Column("placed_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("amount > 0", name=op.f("ck_hold_amount_positive")),
        sa.ForeignKeyConstraint(
            ["guild_id", "auction_id"],
            ["auction.guild_id", "auction.auction_id"],
            name=op.f("fk_hold_guild_id_auction_id_auction"),
        ),
        sa.ForeignKeyConstraint(
            ["guild_id", "member_id"],
            ["member.guild_id", "member.member_id"],
            name=op.f("fk_hold_guild_id_member_id_member"),
        ),
        sa.ForeignKeyConstraint(
            ["guild_id", "pool_id"], ["pool.guild_id", "pool.pool_id"], name=op.f("fk_hold_guild_id_pool_id_pool")
        ),
        sa.PrimaryKeyConstraint("guild_id", "auction_id", "member_id", name=op.f("pk_hold")),
    )
    op.create_index(
        op.f("ix_hold_guild_id_pool_id_member_id"), "hold", ["guild_id", "pool_id", "member_id"], unique=False
    )
    op.create_table(
        "raid_import",
        sa.Column("guild_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("raid_import_id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("raid_id", sa.BigInteger(), nullable=False),
        sa.Column("tick_id", sa.BigInteger(), nullable=True),
        sa.Column("file_name", sa.Text(), nullable=False),
        sa.Column("sha256", sa.Text(), nullable=False),
        sa.Column("taken_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("imported_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("imported_by_user_id", sa.BigInteger(), nullable=False),
        sa.Column("summary", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.ForeignKeyConstraint(
            ["guild_id", "raid_id"],
            ["raid.guild_id", "raid.raid_id"],
            name=op.f("fk_raid_import_guild_id_raid_id_raid"),
        ),
        sa.ForeignKeyConstraint(
            ["guild_id", "tick_id"],
            ["tick.guild_id", "tick.tick_id"],
            name=op.f("fk_raid_import_guild_id_tick_id_tick"),
        ),
        sa.PrimaryKeyConstraint("guild_id", "raid_import_id", name=op.f("pk_raid_import")),
        sa.UniqueConstraint("guild_id", "raid_id", "sha256", name=op.f("uq_raid_import_guild_id_raid_id_sha256")),
    )
    op.create_table(
        "tick_credit",
        sa.Column("guild_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("tick_id", sa.BigInteger(), nullable=False),
        sa.Column("member_id", sa.BigInteger(), nullable=False),
        sa.Column("entry_id", sa.BigInteger(), nullable=True),
        sa.Column("standby", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("evidence", sa.Text(), nullable=False),
        sa.Column("character_name", sa.Text(), nullable=True),
        sa.Column("line", sa.Text(), nullable=True),
        sa.CheckConstraint(
            "evidence IN ('button', 'voice', 'dump', 'officer')", name=op.f("ck_tick_credit_evidence_known")
        ),
        sa.ForeignKeyConstraint(
            ["guild_id", "entry_id"],
            ["ledger_entry.guild_id", "ledger_entry.entry_id"],
            name=op.f("fk_tick_credit_guild_id_entry_id_ledger_entry"),
        ),
        sa.ForeignKeyConstraint(
            ["guild_id", "member_id"],
            ["member.guild_id", "member.member_id"],
            name=op.f("fk_tick_credit_guild_id_member_id_member"),
        ),
        sa.ForeignKeyConstraint(
            ["guild_id", "tick_id"],
            ["tick.guild_id", "tick.tick_id"],
            name=op.f("fk_tick_credit_guild_id_tick_id_tick"),
        ),
        sa.PrimaryKeyConstraint("guild_id", "tick_id", "member_id", name=op.f("pk_tick_credit")),
    )
    op.create_index(
        op.f("ix_tick_credit_guild_id_member_id_tick_id"),
        "tick_credit",
        ["guild_id", "member_id", "tick_id"],
        unique=False,
    )
