"""Auction forms and the rules a guild may set for them; batches; maxima; the trace of how an auction ended.

Revision: 0004
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

BOT = "quartermaster_bot"
# Children before parents, for erasing a guild.
ERASE_ORDER = (
    "unknown_name raid_claim tick_credit raid_import award hold bid auction auction_batch tick raid_member entry_text"
    " ledger_entry batch transfer decay_schedule decay_run raid event account pool character_claim character_owner"
    " character stay member_link member data_import capability_grant role_mapping audit due_job outbox board"
    " interaction_answer guild"
).split()
KIND, RETRACT = "open sealed second-price".split(), ("never", "not leading", "always")
WITHOUT_BID, PAY = "rots given bank".split(), "own lowest".split()
WORDS = {
    ("auction", "kind"): KIND,
    ("auction", "bidders"): "raid members role attendance".split(),
    ("auction", "copies_pay"): PAY,
    ("auction", "retract"): RETRACT,
    ("auction", "without_bid"): WITHOUT_BID,
    ("guild", "auction_kind"): KIND,
    ("guild", "auction_copies_pay"): PAY,
    ("guild", "auction_retract"): RETRACT,
    ("guild", "auction_without_bid"): WITHOUT_BID,
    ("bid", "status"): "standing outbid replaced refused voided retracted won lost cancelled".split(),
    ("bid", "tier"): "main alt anyone".split(),
}


def upgrade() -> None:
    op.create_table(
        "auction_batch",
        sa.Column("guild_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("auction_batch_id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("channel_id", sa.BigInteger(), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("started_by_user_id", sa.BigInteger(), nullable=False),
        sa.Column("summed_up_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["guild_id"], ["guild.guild_id"], name=op.f("fk_auction_batch_guild_id_guild")),
        sa.PrimaryKeyConstraint("guild_id", "auction_batch_id", name=op.f("pk_auction_batch")),
    )
    op.add_column("auction", sa.Column("auction_batch_id", sa.BigInteger(), nullable=True))
    op.add_column("auction", sa.Column("kind", sa.Text(), server_default=sa.text("'open'"), nullable=False))
    op.add_column("auction", sa.Column("quantity", sa.Integer(), server_default=sa.text("1"), nullable=False))
    op.add_column("auction", sa.Column("steps", sa.Text(), server_default=sa.text("''"), nullable=False))
    op.add_column("auction", sa.Column("bidders_role_id", sa.BigInteger(), nullable=True))
    op.add_column("auction", sa.Column("bidders_percent", sa.Integer(), nullable=True))
    op.add_column(
        "auction",
        sa.Column(
            "ties", sa.Text(), server_default=sa.text("'tier amount attendance balance wins earliest'"), nullable=False
        ),
    )
    op.add_column("auction", sa.Column("copies_pay", sa.Text(), server_default=sa.text("'own'"), nullable=False))
    op.add_column("auction", sa.Column("one_win", sa.Boolean(), server_default=sa.text("false"), nullable=False))
    op.add_column("auction", sa.Column("floor", sa.Numeric(precision=12, scale=2), nullable=True))
    op.add_column("auction", sa.Column("retract", sa.Text(), server_default=sa.text("'not leading'"), nullable=False))
    op.add_column("auction", sa.Column("without_bid", sa.Text(), server_default=sa.text("'rots'"), nullable=False))
    op.add_column("auction", sa.Column("names_hidden", sa.Boolean(), server_default=sa.text("false"), nullable=False))
    op.add_column("auction", sa.Column("paused_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("auction", sa.Column("resumed_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("auction", sa.Column("price", sa.Numeric(precision=12, scale=2), nullable=True))
    op.add_column("auction", sa.Column("roll_seed", sa.BigInteger(), nullable=True))
    op.add_column("auction", sa.Column("trace", postgresql.JSONB(astext_type=sa.Text()), nullable=True))
    op.create_index(
        "ix_auction_batch",
        "auction",
        ["guild_id", "auction_batch_id"],
        unique=False,
        postgresql_where=sa.text("auction_batch_id IS NOT NULL"),
    )
    op.create_foreign_key(
        op.f("fk_auction_guild_id_auction_batch_id_auction_batch"),
        "auction",
        "auction_batch",
        ["guild_id", "auction_batch_id"],
        ["guild_id", "auction_batch_id"],
    )
    op.drop_index(op.f("uq_award_auction"), table_name="award", postgresql_where="(undone_at IS NULL)")
    op.create_index(
        "uq_award_auction",
        "award",
        ["guild_id", "auction_id", "member_id"],
        unique=True,
        postgresql_where=sa.text("undone_at IS NULL"),
    )
    op.add_column("bid", sa.Column("maximum", sa.Numeric(precision=12, scale=2), nullable=True))
    op.add_column("bid", sa.Column("tier", sa.Text(), server_default=sa.text("'anyone'"), nullable=False))
    op.drop_index(op.f("uq_bid_one_standing"), table_name="bid", postgresql_where="(status = 'standing'::text)")
    op.create_index(
        "uq_bid_one_standing",
        "bid",
        ["guild_id", "auction_id", "member_id"],
        unique=True,
        postgresql_where=sa.text("status = 'standing'"),
    )
    op.add_column("guild", sa.Column("auction_kind", sa.Text(), server_default=sa.text("'open'"), nullable=False))
    op.add_column("guild", sa.Column("auction_steps", sa.Text(), server_default=sa.text("''"), nullable=False))
    op.add_column(
        "guild",
        sa.Column(
            "auction_ties",
            sa.Text(),
            server_default=sa.text("'tier amount attendance balance wins earliest'"),
            nullable=False,
        ),
    )
    op.add_column("guild", sa.Column("auction_copies_pay", sa.Text(), server_default=sa.text("'own'"), nullable=False))
    op.add_column("guild", sa.Column("auction_one_win", sa.Boolean(), server_default=sa.text("false"), nullable=False))
    op.add_column("guild", sa.Column("auction_floor", sa.Numeric(precision=12, scale=2), nullable=True))
    op.add_column(
        "guild", sa.Column("auction_retract", sa.Text(), server_default=sa.text("'not leading'"), nullable=False)
    )
    op.add_column(
        "guild", sa.Column("auction_without_bid", sa.Text(), server_default=sa.text("'rots'"), nullable=False)
    )
    op.add_column(
        "guild", sa.Column("auction_names_hidden", sa.Boolean(), server_default=sa.text("false"), nullable=False)
    )
    op.add_column("guild", sa.Column("auction_all_in", sa.Boolean(), server_default=sa.text("false"), nullable=False))
    op.add_column("guild", sa.Column("item_link", sa.Text(), nullable=True))
    op.add_column(
        "member",
        sa.Column("wanted", postgresql.JSONB(astext_type=sa.Text()), server_default=sa.text("'[]'"), nullable=False),
    )
    op.add_column("member", sa.Column("pinged", sa.Boolean(), server_default=sa.text("false"), nullable=False))

    op.create_check_constraint("quantity_positive", "auction", "quantity >= 1")
    for (table, column), words in WORDS.items():
        name = f"ck_{table}_{column}_known"
        listed = ", ".join(f"'{word}'" for word in words)
        op.execute(f"ALTER TABLE {table} DROP CONSTRAINT IF EXISTS {name}")
        op.execute(f"ALTER TABLE {table} ADD CONSTRAINT {name} CHECK ({column} IN ({listed}))")

    # Open auctions stand at their standing bid.
    op.execute(
        "UPDATE auction SET price = bid.amount FROM bid WHERE bid.guild_id = auction.guild_id"
        " AND bid.auction_id = auction.auction_id AND bid.status = 'standing' AND auction.status = 'open'"
    )

    op.execute("ALTER TABLE auction_batch ENABLE ROW LEVEL SECURITY")
    op.execute(
        "CREATE POLICY tenant ON auction_batch"
        " USING (guild_id = NULLIF(current_setting('app.guild_id', true), '')::bigint)"
    )
    op.execute(f"GRANT SELECT, INSERT, UPDATE, DELETE ON auction_batch TO {BOT}")

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
