"""Guards: row-level security, the bot's grants, the append-only ledger, and the looks across guilds.

Revision: 0002
"""

from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

BOT = "quartermaster_bot"
TENANT_TABLES = (
    "account auction audit award bid board character character_owner due_job entry_text event guild hold"
    " interaction_answer ledger_entry member outbox pool raid raid_import raid_member role_mapping stay tick"
    " tick_credit"
).split()
ADD_ONLY = ("ledger_entry", "audit")
PROCESS_TABLES = ("command_sync", "heartbeat", "outage")
# Children before parents, for erasing a guild.
ERASE_ORDER = (
    "tick_credit raid_import award hold bid auction tick raid_member entry_text ledger_entry raid event account pool"
    " character_owner character stay member role_mapping audit due_job outbox board interaction_answer guild"
).split()

ACROSS = {
    "across_due_jobs": """
        SELECT guild_id, due_job_id FROM (
            SELECT guild_id, due_job_id, due_at,
                row_number() OVER (PARTITION BY guild_id ORDER BY due_at, due_job_id) AS place
            FROM due_job
            WHERE done_at IS NULL AND due_at <= moment AND (lease_until IS NULL OR lease_until <= moment)
                AND (mine IS NULL OR (guild_id >> 22) % shards = ANY (mine) OR due_at <= moment - interval '15 seconds')
        ) AS waiting
        WHERE place <= 20  -- a guild with much to do leaves room for the others
        ORDER BY due_at, due_job_id LIMIT most""",
    "across_outbox": """
        SELECT guild_id, outbox_id FROM (
            SELECT guild_id, outbox_id, next_at,
                row_number() OVER (PARTITION BY guild_id ORDER BY next_at, outbox_id) AS place
            FROM outbox
            WHERE status IN ('pending', 'sending') AND next_at <= moment
                AND (mine IS NULL OR (guild_id >> 22) % shards = ANY (mine))
        ) AS waiting
        WHERE place <= 20
        ORDER BY next_at, outbox_id LIMIT most""",
    "across_auctions_ending": """
        SELECT guild_id, auction_id FROM auction
        WHERE status = 'open' AND ends_at < moment
        ORDER BY ends_at, auction_id LIMIT most""",
    "across_guilds": """
        SELECT guild_id, guild_id FROM guild
        WHERE removed_at IS NULL AND joined_at <= moment
        ORDER BY guild_id LIMIT most""",
}


def upgrade() -> None:
    for table in TENANT_TABLES:
        op.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
        op.execute(
            f"CREATE POLICY tenant ON {table} USING (guild_id = NULLIF(current_setting('app.guild_id', true), '')::bigint)"
        )
        verbs = "SELECT, INSERT" if table in ADD_ONLY else "SELECT, INSERT, UPDATE, DELETE"
        op.execute(f"GRANT {verbs} ON {table} TO {BOT}")
    for table in PROCESS_TABLES:
        op.execute(f"GRANT SELECT, INSERT, UPDATE, DELETE ON {table} TO {BOT}")
    op.execute(f"GRANT SELECT ON alembic_version TO {BOT}")
    op.execute(f"GRANT USAGE ON SCHEMA public TO {BOT}")

    op.execute(
        """
        CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            IF TG_OP = 'DELETE' AND current_setting('app.erasing', true) = OLD.guild_id::text THEN
                RETURN OLD;  -- erase_guild, 30 days after the bot was removed
            END IF;
            RAISE EXCEPTION 'the ledger is append-only: write a reversal entry' USING ERRCODE = 'QM001';
        END $$
        """
    )
    op.execute(
        "CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON ledger_entry FOR EACH ROW EXECUTE FUNCTION refuse_change()"
    )
    op.execute(
        "CREATE TRIGGER append_only_truncate BEFORE TRUNCATE ON ledger_entry"
        " FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()"
    )

    for name, query in ACROSS.items():
        op.execute(
            f"CREATE FUNCTION {name}(moment timestamptz, most integer, shards integer DEFAULT 1,"
            " mine integer[] DEFAULT NULL) RETURNS TABLE (guild_id bigint, row_id bigint)"
            f" LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $${query}$$"
        )
        op.execute(f"REVOKE ALL ON FUNCTION {name} FROM PUBLIC")
        op.execute(f"GRANT EXECUTE ON FUNCTION {name} TO {BOT}")

    op.execute(
        """
        CREATE FUNCTION sweep(moment timestamptz) RETURNS void LANGUAGE sql
        SECURITY DEFINER SET search_path = public, pg_temp AS $$
            DELETE FROM interaction_answer WHERE at < moment - interval '1 day';
            DELETE FROM due_job WHERE done_at < moment - interval '30 days';
            DELETE FROM outbox WHERE status IN ('sent', 'failed') AND created_at < moment - interval '30 days';
            DELETE FROM heartbeat WHERE beat_at < moment - interval '30 days';
        $$
        """
    )
    op.execute("REVOKE ALL ON FUNCTION sweep(timestamptz) FROM PUBLIC")
    op.execute(f"GRANT EXECUTE ON FUNCTION sweep(timestamptz) TO {BOT}")

    deletes = "\n".join(f"            DELETE FROM {table} WHERE {table}.guild_id = erased;" for table in ERASE_ORDER)
    op.execute(
        f"""
        CREATE FUNCTION erase_guild(erased bigint) RETURNS void LANGUAGE plpgsql
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
    op.execute("REVOKE ALL ON FUNCTION erase_guild(bigint) FROM PUBLIC")
    op.execute(f"GRANT EXECUTE ON FUNCTION erase_guild(bigint) TO {BOT}")
