"""An EQdkp Plus export read, imported, given out and undone: rows a second, beside bare asyncpg's ledger rows."""

import hashlib
import time
from decimal import Decimal
from zoneinfo import ZoneInfo

import asyncpg

from bot.clock import SystemClock
from bot.registry import Registry
from bot.stage import Actor, Stage
from bot.uploads import Upload
from cogs.dkp.service.undoing import undo
from cogs.moving.rules.reading import read_document
from cogs.moving.service import exporting, importing, looking
from cogs.moving.service.looking import Given
from cogs.moving.service.progress import Progress
from cogs.moving.service.undoing import ImportUndo
from db.embedded import EmbeddedPostgres
from db.migrate import migrate
from db.scope import Database
from tests.eqdkp_export import make

OFFICER = Actor(1, 7, "Officer", manage_guild=True)


async def run(server: EmbeddedPostgres) -> None:
    for players in (1_000, 4_000):
        name = f"moving_{players}"
        await server.ensure_database(name)
        await migrate(server.url(name))
        stage = Stage(Database(server.url(name)), SystemClock(), Registry())
        stage.registry.undo["import"] = ImportUndo()
        made = make(players)
        data = made.xml.encode()
        began = time.perf_counter()
        document = read_document(Upload("points.xml", data), None, ZoneInfo("UTC"))
        read = time.perf_counter() - began
        given = Given("points.xml", hashlib.sha256(data).hexdigest(), document)
        plan = await stage.read(OFFICER, "dkp.import", lambda session, given=given: looking.look(session, given))
        began = time.perf_counter()
        done = await importing.import_file(stage, OFFICER, given, plan.fingerprint, Progress())
        took = time.perf_counter() - began
        rows = done.entries * 2 + done.awards + done.people * 2 + made.players * 2
        bare = await _bare(server, name, done.entries)
        print(
            f"{players:,} players: read {read:.1f} s; import {took:.1f} s, {done.entries:,} entries,"
            f" {done.entries / took:,.0f} entries/s, {rows / took:,.0f} rows/s in all;"
            f" ledger rows alone by bare asyncpg {bare:,.0f}/s"
        )
        began = time.perf_counter()
        made_file = await exporting.export(stage, OFFICER, "json", None, 25 * 1024**2)
        print(f"  export {time.perf_counter() - began:.1f} s, {made_file.size / 1024:,.0f} KB zipped")
        began = time.perf_counter()
        await undo(stage, OFFICER, f"import:{done.data_import_id}", "the wrong file")
        print(f"  undo {time.perf_counter() - began:.1f} s")
        await stage.db.close()


async def _bare(server: EmbeddedPostgres, name: str, count: int) -> float:
    """As many ledger rows by one prepared statement, in one transaction that is rolled back."""
    url = server.url(name).set(drivername="postgresql").render_as_string(hide_password=False)
    connection = await asyncpg.connect(url)
    member_id, pool_id = await connection.fetchrow("SELECT member_id, pool_id FROM account LIMIT 1") or (0, 0)
    query = (
        "INSERT INTO ledger_entry (guild_id, pool_id, member_id, kind, amount, balance_after, source, source_id,"
        " created_at, idempotency_key) VALUES (1, $1, $2, 'import', $3, $3, 'import', 0, now(), $4)"
    )
    transaction = connection.transaction()
    await transaction.start()
    began = time.perf_counter()
    await connection.executemany(query, [(pool_id, member_id, Decimal(1), f"bare:{n}") for n in range(count)])
    took = time.perf_counter() - began
    await transaction.rollback()
    await connection.close()
    return count / took
