"""What a live database really holds, compared with what `db.catalog` declares. Looked at as the owner."""

from collections.abc import Iterable

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from db.catalog import APPEND_ONLY, FUNCTIONS, POLICY, PROCESS_TABLES, TENANT_TABLES, grants
from db.scope import BOT_ROLE

OUR_TABLES = TENANT_TABLES | PROCESS_TABLES | {"alembic_version"}
APPEND_ONLY_TRIGGERS = {("append_only", "refuse_change", "O"), ("append_only_truncate", "refuse_change", "O")}
"""(name, function, when it fires) of an append-only table; `O` is for every change but a replica's replay."""


async def differences(connection: AsyncConnection) -> list[str]:
    """One sentence for each way the database differs from the declaration; empty when it is as it should be."""
    return [
        *await _tables(connection),
        *await _policies(connection),
        *await _grants(connection),
        *await _triggers(connection),
        *await _functions(connection),
    ]


async def _tables(connection: AsyncConnection) -> list[str]:
    rows = await connection.execute(
        text(
            "SELECT relname, relrowsecurity, relforcerowsecurity, pg_get_userbyid(relowner) AS owner FROM pg_class"
            " WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p', 'v', 'm', 'f')"
        )
    )
    found = {row.relname: row for row in rows}
    wrong = [f"table {name} is missing" for name in sorted(OUR_TABLES - found.keys())]
    wrong += [f"table {name} is not ours" for name in sorted(found.keys() - OUR_TABLES)]
    for name in sorted(TENANT_TABLES & found.keys()):
        if not found[name].relrowsecurity:
            wrong.append(f"row-level security is off on {name}: every guild's rows are open to every guild")
        if found[name].relforcerowsecurity:
            wrong.append(f"row-level security is forced on {name}: a backfill by its owner would change nothing")
    wrong += [f"{name} belongs to the bot's own role" for name, row in found.items() if row.owner == BOT_ROLE]
    return wrong


async def _policies(connection: AsyncConnection) -> list[str]:
    rows = await connection.execute(
        text(
            "SELECT tablename, policyname, permissive, roles::text[] AS roles, cmd, qual, with_check"
            " FROM pg_policies WHERE schemaname = 'public'"
        )
    )
    found: dict[str, list[tuple[object, ...]]] = {}
    for row in rows:
        given = (row.policyname, row.permissive, tuple(row.roles), row.cmd, _bare(row.qual), row.with_check)
        found.setdefault(row.tablename, []).append(given)
    declared = ("tenant", "PERMISSIVE", ("public",), "ALL", POLICY, None)
    return [
        f"the policies of {table} are {found.get(table, 'none')}"
        for table in sorted(TENANT_TABLES | found.keys())
        if found.get(table) != ([declared] if table in TENANT_TABLES else None)
    ]


def _bare(expression: str) -> str:
    """Without the outermost brackets PostgreSQL prints around an expression."""
    return expression[1:-1] if expression.startswith("(guild_id") and expression.endswith(")") else expression


async def _grants(connection: AsyncConnection) -> list[str]:
    rows = await connection.execute(
        text(
            "SELECT c.relname, g.grantee, coalesce(r.rolname, 'PUBLIC') AS who, g.privilege_type AS verb, c.relowner"
            " FROM pg_class c CROSS JOIN LATERAL ("
            "   SELECT (aclexplode(c.relacl)).* UNION ALL"
            "   SELECT (aclexplode(a.attacl)).* FROM pg_attribute a"
            "   WHERE a.attrelid = c.oid AND a.attacl IS NOT NULL) g"
            " LEFT JOIN pg_roles r ON r.oid = g.grantee"
            " WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p', 'v', 'm', 'f')"
        )
    )
    found: dict[str, set[str]] = {name: set() for name in OUR_TABLES}
    wrong = []
    for row in rows:
        if row.who == BOT_ROLE:
            found.setdefault(row.relname, set()).add(row.verb)
        elif row.who == "PUBLIC":
            wrong.append(f"everybody may {row.verb} {row.relname}")
    for table, verbs in sorted(found.items()):
        declared = grants(table) if table in TENANT_TABLES | PROCESS_TABLES else {"SELECT"}
        if table in OUR_TABLES and verbs != declared:
            wrong.append(f"the bot's role may {_listed(verbs)} {table}, and should {_listed(declared)}")
    return wrong


async def _triggers(connection: AsyncConnection) -> list[str]:
    rows = await connection.execute(
        text(
            "SELECT c.relname, t.tgname, p.proname, t.tgenabled::text AS fires FROM pg_trigger t"
            " JOIN pg_class c ON c.oid = t.tgrelid JOIN pg_proc p ON p.oid = t.tgfoid"
            " WHERE NOT t.tgisinternal AND c.relnamespace = 'public'::regnamespace"
        )
    )
    found: dict[str, set[tuple[str, str, str]]] = {}
    for row in rows:
        found.setdefault(row.relname, set()).add((row.tgname, row.proname, row.fires))
    return [
        f"the triggers of {table} are {_listed(str(each) for each in found.get(table, ()))}"
        for table in sorted(APPEND_ONLY | found.keys())
        if found.get(table, set()) != (APPEND_ONLY_TRIGGERS if table in APPEND_ONLY else set())
    ]


async def _functions(connection: AsyncConnection) -> list[str]:
    rows = await connection.execute(
        text(
            "SELECT p.proname, p.prosecdef, p.proconfig::text[] AS settings, pg_get_userbyid(p.proowner) AS owner,"
            " has_function_privilege(:bot, p.oid, 'EXECUTE') AS bot_may,"
            " EXISTS (SELECT 1 FROM aclexplode(coalesce(p.proacl, acldefault('f', p.proowner))) a WHERE a.grantee = 0)"
            " AS all_may"
            " FROM pg_proc p WHERE p.pronamespace = 'public'::regnamespace"
        ),
        {"bot": BOT_ROLE},
    )
    found = {row.proname: row for row in rows}
    wrong = [f"function {name} is missing" for name in sorted(FUNCTIONS - found.keys())]
    wrong += [f"function {name} is not ours" for name in sorted(found.keys() - FUNCTIONS)]
    for name in sorted(FUNCTIONS & found.keys()):
        row = found[name]
        if not row.prosecdef:
            continue
        if not any(setting.startswith("search_path=") for setting in row.settings or ()):
            wrong.append(f"function {name} works with the owner's rights and no search_path of its own")
        if row.all_may or not row.bot_may:
            wrong.append(f"function {name} must be open to the bot's role and to nobody else")
        if row.owner == BOT_ROLE:
            wrong.append(f"function {name} belongs to the bot's own role")
    return wrong


def _listed(words: Iterable[str]) -> str:
    return ", ".join(sorted(words)) or "nothing"
