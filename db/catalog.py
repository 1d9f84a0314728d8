"""What the database must hold besides tables: policies, grants, triggers and functions, as declared data.

`alembic check` sees none of these, so a test compares the live catalog with this page.
"""

from db.tables import Base

POLICY = "guild_id = (NULLIF(current_setting('app.guild_id'::text, true), ''::text))::bigint"
"""The policy of every tenant table, as PostgreSQL prints it back."""

TENANT_TABLES = frozenset(name for name, table in Base.metadata.tables.items() if "guild_id" in table.c)
PROCESS_TABLES = frozenset(Base.metadata.tables) - TENANT_TABLES

APPEND_ONLY = frozenset({"ledger_entry"})
"""Tables whose UPDATE, DELETE and TRUNCATE the database refuses by trigger, whoever asks."""
APPEND_GRANT = frozenset({"ledger_entry", "audit"})
"""Tables the bot may only read and add to."""

FUNCTIONS = frozenset(
    {
        "across_due_jobs",
        "across_outbox",
        "across_auctions_ending",
        "across_guilds",
        "sweep",
        "erase_guild",
        "forget_person",
        "refuse_change",
    }
)


def grants(table: str) -> frozenset[str]:
    """What the bot's role may do to a table."""
    return frozenset({"SELECT", "INSERT"} if table in APPEND_GRANT else {"SELECT", "INSERT", "UPDATE", "DELETE"})
