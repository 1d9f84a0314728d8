"""Points a guild can trust: pools with rules, acts on many, evidence, claims, moving in; what Discord roles may do.

Revision: 0003
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

BOT = "quartermaster_bot"
TENANT_TABLES = (
    "batch capability_grant character_claim data_import decay_run decay_schedule member_link raid_claim transfer"
    " unknown_name"
).split()
# Children before parents, for erasing a guild.
ERASE_ORDER = (
    "unknown_name raid_claim tick_credit raid_import award hold bid auction tick raid_member entry_text ledger_entry"
    " batch transfer decay_schedule decay_run raid event account pool character_claim character_owner character stay"
    " member_link member data_import capability_grant role_mapping audit due_job outbox board interaction_answer guild"
).split()
WORDS = {
    ("guild", "attendance_count"): "raids ticks".split(),
    ("pool", "start_on"): "join first_raid".split(),
    ("ledger_entry", "source"): (
        "raid tick auction award officer batch decay_run import transfer claim opening entry".split()
    ),
    ("tick", "source"): "button command automatic voice dump log sign-up claim added import".split(),
    ("tick_credit", "evidence"): "button voice dump log sign-up claim officer import".split(),
    ("raid_member", "seen_by"): "button voice dump log sign-up claim officer import".split(),
}


def upgrade() -> None:
    op.create_table(
        "capability_grant",
        sa.Column("guild_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("capability", sa.Text(), nullable=False),
        sa.Column("role_id", sa.BigInteger(), nullable=False),
        sa.Column("granted_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("granted_by_user_id", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(["guild_id"], ["guild.guild_id"], name=op.f("fk_capability_grant_guild_id_guild")),
        sa.PrimaryKeyConstraint("guild_id", "capability", "role_id", name=op.f("pk_capability_grant")),
    )
    op.create_table(
        "data_import",
        sa.Column("guild_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("data_import_id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("format", sa.Text(), nullable=False),
        sa.Column("file_name", sa.Text(), nullable=False),
        sa.Column("sha256", sa.Text(), nullable=False),
        sa.Column("summary", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("imported_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("imported_by_user_id", sa.BigInteger(), nullable=True),
        sa.Column("undone_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("undone_reason", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(["guild_id"], ["guild.guild_id"], name=op.f("fk_data_import_guild_id_guild")),
        sa.PrimaryKeyConstraint("guild_id", "data_import_id", name=op.f("pk_data_import")),
    )
    op.create_index(op.f("ix_data_import_guild_id_sha256"), "data_import", ["guild_id", "sha256"], unique=False)
    op.create_table(
        "batch",
        sa.Column("guild_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("batch_id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("pool_id", sa.BigInteger(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("amount", sa.Numeric(precision=12, scale=2), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("people", sa.Integer(), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("made_by_user_id", sa.BigInteger(), nullable=True),
        sa.Column("undone_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "kind IN ('adjustment', 'bonus', 'penalty', 'correction')", name=op.f("ck_batch_kind_known")
        ),
        sa.ForeignKeyConstraint(
            ["guild_id", "pool_id"], ["pool.guild_id", "pool.pool_id"], name=op.f("fk_batch_guild_id_pool_id_pool")
        ),
        sa.PrimaryKeyConstraint("guild_id", "batch_id", name=op.f("pk_batch")),
    )
    op.create_table(
        "decay_run",
        sa.Column("guild_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("decay_run_id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("pool_id", sa.BigInteger(), nullable=False),
        sa.Column("percent", sa.Numeric(precision=12, scale=2), nullable=False),
        sa.Column("floor", sa.Numeric(precision=12, scale=2), nullable=False),
        sa.Column("earned_only", sa.Boolean(), nullable=False),
        sa.Column("scheduled_for", sa.DateTime(timezone=True), nullable=True),
        sa.Column("people", sa.Integer(), nullable=False),
        sa.Column("total", sa.Numeric(precision=12, scale=2), nullable=False),
        sa.Column("run_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("run_by_user_id", sa.BigInteger(), nullable=True),
        sa.Column("undone_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["guild_id", "pool_id"], ["pool.guild_id", "pool.pool_id"], name=op.f("fk_decay_run_guild_id_pool_id_pool")
        ),
        sa.PrimaryKeyConstraint("guild_id", "decay_run_id", name=op.f("pk_decay_run")),
        sa.UniqueConstraint(
            "guild_id", "pool_id", "scheduled_for", name=op.f("uq_decay_run_guild_id_pool_id_scheduled_for")
        ),
    )
    op.create_table(
        "decay_schedule",
        sa.Column("guild_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("pool_id", sa.BigInteger(), nullable=False),
        sa.Column("percent", sa.Numeric(precision=12, scale=2), nullable=False),
        sa.Column("floor", sa.Numeric(precision=12, scale=2), nullable=True),
        sa.Column("earned_only", sa.Boolean(), nullable=False),
        sa.Column("every", sa.Text(), nullable=False),
        sa.Column("first_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("next_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("set_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("set_by_user_id", sa.BigInteger(), nullable=True),
        sa.CheckConstraint("every IN ('week', 'two weeks', 'month')", name=op.f("ck_decay_schedule_every_known")),
        sa.ForeignKeyConstraint(
            ["guild_id", "pool_id"],
            ["pool.guild_id", "pool.pool_id"],
            name=op.f("fk_decay_schedule_guild_id_pool_id_pool"),
        ),
        sa.PrimaryKeyConstraint("guild_id", "pool_id", name=op.f("pk_decay_schedule")),
    )
    op.create_table(
        "member_link",
        sa.Column("guild_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("member_link_id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("from_member_id", sa.BigInteger(), nullable=False),
        sa.Column("to_member_id", sa.BigInteger(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("linked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("linked_by_user_id", sa.BigInteger(), nullable=True),
        sa.Column("undone_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("undone_reason", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(
            ["guild_id", "from_member_id"],
            ["member.guild_id", "member.member_id"],
            name=op.f("fk_member_link_guild_id_from_member_id_member"),
        ),
        sa.ForeignKeyConstraint(
            ["guild_id", "to_member_id"],
            ["member.guild_id", "member.member_id"],
            name=op.f("fk_member_link_guild_id_to_member_id_member"),
        ),
        sa.PrimaryKeyConstraint("guild_id", "member_link_id", name=op.f("pk_member_link")),
    )
    op.create_index(
        "uq_member_link_standing",
        "member_link",
        ["guild_id", "from_member_id"],
        unique=True,
        postgresql_where=sa.text("undone_at IS NULL"),
    )
    op.create_table(
        "transfer",
        sa.Column("guild_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("transfer_id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("pool_id", sa.BigInteger(), nullable=False),
        sa.Column("from_member_id", sa.BigInteger(), nullable=False),
        sa.Column("to_member_id", sa.BigInteger(), nullable=False),
        sa.Column("amount", sa.Numeric(precision=12, scale=2), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("undone_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("amount > 0", name=op.f("ck_transfer_amount_positive")),
        sa.ForeignKeyConstraint(
            ["guild_id", "from_member_id"],
            ["member.guild_id", "member.member_id"],
            name=op.f("fk_transfer_guild_id_from_member_id_member"),
        ),
        sa.ForeignKeyConstraint(
            ["guild_id", "pool_id"], ["pool.guild_id", "pool.pool_id"], name=op.f("fk_transfer_guild_id_pool_id_pool")
        ),
        sa.ForeignKeyConstraint(
            ["guild_id", "to_member_id"],
            ["member.guild_id", "member.member_id"],
            name=op.f("fk_transfer_guild_id_to_member_id_member"),
        ),
        sa.PrimaryKeyConstraint("guild_id", "transfer_id", name=op.f("pk_transfer")),
    )
    op.create_table(
        "character_claim",
        sa.Column("guild_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("character_claim_id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("character_id", sa.BigInteger(), nullable=False),
        sa.Column("member_id", sa.BigInteger(), nullable=False),
        sa.Column("status", sa.Text(), server_default=sa.text("'open'"), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("decided_by_user_id", sa.BigInteger(), nullable=True),
        sa.CheckConstraint("status IN ('open', 'accepted', 'refused')", name=op.f("ck_character_claim_status_known")),
        sa.ForeignKeyConstraint(
            ["guild_id", "character_id"],
            ["character.guild_id", "character.character_id"],
            name=op.f("fk_character_claim_guild_id_character_id_character"),
        ),
        sa.ForeignKeyConstraint(
            ["guild_id", "member_id"],
            ["member.guild_id", "member.member_id"],
            name=op.f("fk_character_claim_guild_id_member_id_member"),
        ),
        sa.PrimaryKeyConstraint("guild_id", "character_claim_id", name=op.f("pk_character_claim")),
    )
    op.create_index(
        "uq_character_claim_open",
        "character_claim",
        ["guild_id", "character_id", "member_id"],
        unique=True,
        postgresql_where=sa.text("status = 'open'"),
    )
    op.create_table(
        "raid_claim",
        sa.Column("guild_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("raid_claim_id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("raid_id", sa.BigInteger(), nullable=False),
        sa.Column("tick_id", sa.BigInteger(), nullable=True),
        sa.Column("member_id", sa.BigInteger(), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), server_default=sa.text("'open'"), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("lapses_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("decided_by_user_id", sa.BigInteger(), nullable=True),
        sa.Column("refused_reason", sa.Text(), nullable=True),
        sa.CheckConstraint(
            "status IN ('open', 'accepted', 'refused', 'lapsed')", name=op.f("ck_raid_claim_status_known")
        ),
        sa.ForeignKeyConstraint(
            ["guild_id", "member_id"],
            ["member.guild_id", "member.member_id"],
            name=op.f("fk_raid_claim_guild_id_member_id_member"),
        ),
        sa.ForeignKeyConstraint(
            ["guild_id", "raid_id"], ["raid.guild_id", "raid.raid_id"], name=op.f("fk_raid_claim_guild_id_raid_id_raid")
        ),
        sa.ForeignKeyConstraint(
            ["guild_id", "tick_id"], ["tick.guild_id", "tick.tick_id"], name=op.f("fk_raid_claim_guild_id_tick_id_tick")
        ),
        sa.PrimaryKeyConstraint("guild_id", "raid_claim_id", name=op.f("pk_raid_claim")),
    )
    op.create_index(
        "uq_raid_claim_open",
        "raid_claim",
        ["guild_id", "raid_id", "member_id"],
        unique=True,
        postgresql_where=sa.text("status = 'open'"),
    )
    op.create_table(
        "unknown_name",
        sa.Column("guild_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("unknown_name_id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("raid_id", sa.BigInteger(), nullable=False),
        sa.Column("tick_id", sa.BigInteger(), nullable=True),
        sa.Column("raid_import_id", sa.BigInteger(), nullable=True),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("name_key", sa.Text(), nullable=False),
        sa.Column("character_class", sa.Text(), nullable=True),
        sa.Column("level", sa.Integer(), nullable=True),
        sa.Column("line", sa.Text(), nullable=True),
        sa.Column("seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("status", sa.Text(), server_default=sa.text("'open'"), nullable=False),
        sa.Column("member_id", sa.BigInteger(), nullable=True),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("decided_by_user_id", sa.BigInteger(), nullable=True),
        sa.CheckConstraint(
            "status IN ('open', 'linked', 'created', 'ignored')", name=op.f("ck_unknown_name_status_known")
        ),
        sa.ForeignKeyConstraint(
            ["guild_id", "member_id"],
            ["member.guild_id", "member.member_id"],
            name=op.f("fk_unknown_name_guild_id_member_id_member"),
        ),
        sa.ForeignKeyConstraint(
            ["guild_id", "raid_id"],
            ["raid.guild_id", "raid.raid_id"],
            name=op.f("fk_unknown_name_guild_id_raid_id_raid"),
        ),
        sa.ForeignKeyConstraint(
            ["guild_id", "raid_import_id"],
            ["raid_import.guild_id", "raid_import.raid_import_id"],
            name=op.f("fk_unknown_name_guild_id_raid_import_id_raid_import"),
        ),
        sa.ForeignKeyConstraint(
            ["guild_id", "tick_id"],
            ["tick.guild_id", "tick.tick_id"],
            name=op.f("fk_unknown_name_guild_id_tick_id_tick"),
        ),
        sa.PrimaryKeyConstraint("guild_id", "unknown_name_id", name=op.f("pk_unknown_name")),
    )
    op.create_index(op.f("ix_unknown_name_guild_id_name_key"), "unknown_name", ["guild_id", "name_key"], unique=False)
    op.create_index(
        op.f("ix_unknown_name_guild_id_raid_id_status"), "unknown_name", ["guild_id", "raid_id", "status"], unique=False
    )
    op.add_column("award", sa.Column("data_import_id", sa.BigInteger(), nullable=True))
    op.create_foreign_key(
        op.f("fk_award_guild_id_data_import_id_data_import"),
        "award",
        "data_import",
        ["guild_id", "data_import_id"],
        ["guild_id", "data_import_id"],
    )
    op.add_column("guild", sa.Column("attendance_count", sa.Text(), server_default=sa.text("'raids'"), nullable=False))
    op.add_column("member", sa.Column("became_member_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("member", sa.Column("openings_settled_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("member", sa.Column("absorbed_by_member_id", sa.BigInteger(), nullable=True))
    op.add_column("member", sa.Column("data_import_id", sa.BigInteger(), nullable=True))
    op.add_column(
        "member",
        sa.Column("muted", postgresql.JSONB(astext_type=sa.Text()), server_default=sa.text("'[]'"), nullable=False),
    )
    op.create_index(
        "ix_member_absorbed",
        "member",
        ["guild_id", "absorbed_by_member_id"],
        unique=False,
        postgresql_where=sa.text("absorbed_by_member_id IS NOT NULL"),
    )
    op.create_foreign_key(
        op.f("fk_member_guild_id_data_import_id_data_import"),
        "member",
        "data_import",
        ["guild_id", "data_import_id"],
        ["guild_id", "data_import_id"],
    )
    op.create_foreign_key(
        op.f("fk_member_guild_id_absorbed_by_member_id_member"),
        "member",
        "member",
        ["guild_id", "absorbed_by_member_id"],
        ["guild_id", "member_id"],
    )
    op.add_column(
        "pool", sa.Column("start", sa.Numeric(precision=12, scale=2), server_default=sa.text("0"), nullable=False)
    )
    op.add_column("pool", sa.Column("start_on", sa.Text(), server_default=sa.text("'join'"), nullable=False))
    op.add_column("pool", sa.Column("cap", sa.Numeric(precision=12, scale=2), nullable=True))
    op.add_column("pool", sa.Column("transfers", sa.Boolean(), server_default=sa.text("false"), nullable=False))
    op.add_column("pool", sa.Column("archived_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("raid", sa.Column("data_import_id", sa.BigInteger(), nullable=True))
    op.create_foreign_key(
        op.f("fk_raid_guild_id_data_import_id_data_import"),
        "raid",
        "data_import",
        ["guild_id", "data_import_id"],
        ["guild_id", "data_import_id"],
    )
    op.add_column("raid_import", sa.Column("kind", sa.Text(), nullable=True))
    op.add_column("raid_import", sa.Column("undone_at", sa.DateTime(timezone=True), nullable=True))
    op.drop_constraint("uq_raid_import_guild_id_raid_id_sha256", "raid_import")
    op.create_index(
        "uq_raid_import_content",
        "raid_import",
        ["guild_id", "raid_id", "sha256"],
        unique=True,
        postgresql_where=sa.text("undone_at IS NULL"),
    )
    op.create_index(
        "ix_raid_member_excused",
        "raid_member",
        ["guild_id", "member_id"],
        unique=False,
        postgresql_where=sa.text("status = 'excused'"),
    )
    op.add_column("raid_member", sa.Column("seen_by", sa.Text(), server_default=sa.text("'button'"), nullable=False))
    op.add_column("tick_credit", sa.Column("raid_import_id", sa.BigInteger(), nullable=True))
    op.create_foreign_key(
        op.f("fk_tick_credit_guild_id_raid_import_id_raid_import"),
        "tick_credit",
        "raid_import",
        ["guild_id", "raid_import_id"],
        ["guild_id", "raid_import_id"],
    )

    for (table, column), words in WORDS.items():
        name = f"ck_{table}_{column}_known"
        listed = ", ".join(f"'{word}'" for word in words)
        op.execute(f"ALTER TABLE {table} DROP CONSTRAINT IF EXISTS {name}")
        op.execute(f"ALTER TABLE {table} ADD CONSTRAINT {name} CHECK ({column} IN ({listed}))")

    for table in TENANT_TABLES:
        op.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
        op.execute(
            f"CREATE POLICY tenant ON {table} USING (guild_id = NULLIF(current_setting('app.guild_id', true), '')::bigint)"
        )
        op.execute(f"GRANT SELECT, INSERT, UPDATE, DELETE ON {table} TO {BOT}")

    # Who is a member now became one when they joined, as far as we know; start points are for whoever comes from now on.
    op.execute(
        "UPDATE member SET openings_settled_at = now(), became_member_at ="
        " CASE WHEN role_group IN ('developer', 'officer', 'recruiter', 'member') THEN joined_at END"
    )

    deletes = "\n".join(f"            DELETE FROM {table} WHERE {table}.guild_id = erased;" for table in ERASE_ORDER)
    op.execute(
        f"""
        CREATE OR REPLACE FUNCTION erase_guild(erased bigint) RETURNS void LANGUAGE plpgsql
        SECURITY DEFINER SET search_path = public, pg_temp AS $$
        BEGIN
            IF erased IS DISTINCT FROM NULLIF(current_setting('app.guild_id', true), '')::bigint THEN
                RAISE EXCEPTION 'a guild is erased in its own scope only';
            END IF;
            IF NOT EXISTS (SELECT 1 FROM guild g WHERE g.guild_id = erased AND g.removed_at IS NOT NULL) THEN
                RAISE EXCEPTION 'this guild was not removed';
            END IF;
            PERFORM set_config('app.erasing', erased::text, true);
{deletes}
        END $$
        """
    )

    # The audit is add-only for the bot: what it says of a person who wants to be forgotten goes through here alone.
    # A name is taken out where it is a whole text of a row's before or after; names without a letter would be amounts.
    op.execute(
        """
        CREATE FUNCTION forget_person(forgotten bigint[], person bigint, names text[]) RETURNS void LANGUAGE plpgsql
        SECURITY DEFINER SET search_path = public, pg_temp AS $$
        DECLARE
            here bigint := NULLIF(current_setting('app.guild_id', true), '')::bigint;
            somebody text := 'Somebody forgotten';
            called text;
        BEGIN
            UPDATE audit SET actor_user_id = NULL, actor_name = somebody
                WHERE guild_id = here AND actor_user_id = person;
            UPDATE audit SET reason = NULL,
                before = CASE jsonb_typeof(before) WHEN 'object' THEN before - 'reason' ELSE before END,
                after = CASE jsonb_typeof(after) WHEN 'object' THEN after - 'reason' ELSE after END
                WHERE guild_id = here AND about_member_id = ANY (forgotten);
            UPDATE audit SET action = 'members.scrubbed', before = '{}', after = '{}'
                WHERE guild_id = here AND about_member_id = ANY (forgotten)
                    AND (action LIKE 'characters.%' OR action LIKE 'members.%') AND action <> 'members.forgotten';
            FOREACH called IN ARRAY names LOOP
                called := to_jsonb(called)::text;
                CONTINUE WHEN called !~ '[[:alpha:]]';
                UPDATE audit SET
                    before = replace(before::text, called, to_jsonb(somebody)::text)::jsonb,
                    after = replace(after::text, called, to_jsonb(somebody)::text)::jsonb
                    WHERE guild_id = here
                        AND (position(called IN before::text) > 0 OR position(called IN after::text) > 0);
            END LOOP;
        END $$
        """
    )
    op.execute("REVOKE ALL ON FUNCTION forget_person(bigint[], bigint, text[]) FROM PUBLIC")
    op.execute(f"GRANT EXECUTE ON FUNCTION forget_person(bigint[], bigint, text[]) TO {BOT}")
