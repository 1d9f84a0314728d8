"""A row in every tenant table, built from the tables themselves: keys, foreign keys and checks are honoured."""

import itertools
import json
import re
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import asyncpg
from sqlalchemy import BigInteger, Boolean, CheckConstraint, Column, DateTime, Integer, Numeric, Table, Text
from sqlalchemy.dialects.postgresql import JSONB

from db.catalog import TENANT_TABLES
from db.tables import Base

TABLES = [table for table in Base.metadata.sorted_tables if table.name in TENANT_TABLES]
"""Parents before children."""
Row = dict[str, Any]
_numbers = itertools.count(1)
_ONE_OF = re.compile(r"^(\w+) IN \('([^']*)'")


async def seed(owner: asyncpg.Connection, guild_id: int) -> dict[str, Row]:
    """Insert one row a table for a guild, behind the policies; texts are the same in every guild, on purpose."""
    made: dict[str, Row] = {}
    for table in TABLES:
        row = new_row(table, guild_id, made)
        made[table.name] = dict(await owner.fetchrow(*insert_of(table, row, "RETURNING *")) or {})
    return made


def new_row(table: Table, guild_id: int, parents: dict[str, Row]) -> Row:
    """Values for every column that needs one; foreign keys point to `parents`."""
    row: Row = {"guild_id": guild_id}
    for constraint in table.foreign_key_constraints:
        for element in constraint.elements:
            name = element.parent.name
            if name == "guild_id" or element.column.table is table or element.parent.nullable:
                continue
            row[name] = parents[element.column.table.name][element.column.name]
    words = _words_of(table)
    for column in table.columns:
        if column.name not in row and _needed(column):
            row[column.name] = words.get(column.name, _value(column))
    return row


def insert_of(table: Table, row: Row, more: str = "") -> tuple[Any, ...]:
    """asyncpg's arguments for inserting it."""
    columns = ", ".join(row)
    places = ", ".join(f"${number}" for number in range(1, len(row) + 1))
    values = [json.dumps(value) if isinstance(value, dict) else value for value in row.values()]
    return f"INSERT INTO {table.name} ({columns}) VALUES ({places}) {more}", *values


def _needed(column: Column[Any]) -> bool:
    return not column.nullable and column.server_default is None and column.identity is None


def _words_of(table: Table) -> dict[str, str]:
    """The first word a check allows, by column."""
    found = {}
    for constraint in table.constraints:
        if isinstance(constraint, CheckConstraint) and (match := _ONE_OF.match(str(constraint.sqltext))):
            found[match[1]] = match[2]
    return found


def _value(column: Column[Any]) -> Any:
    match column.type:
        case BigInteger() | Integer():
            return next(_numbers)
        case Boolean():
            return False
        case Numeric():
            return Decimal(1)
        case DateTime():
            return datetime(2026, 3, 6, 19, 0, tzinfo=UTC)
        case JSONB():
            return {}
        case Text():
            return column.name
    raise AssertionError(f"no value for {column}: add its type here")


async def digest(owner: asyncpg.Connection, guild_id: int) -> dict[str, str]:
    """All rows of a guild, table by table, as text: equal means nothing was touched."""
    return {
        table.name: await owner.fetchval(
            f"SELECT coalesce(string_agg(t::text, '|' ORDER BY t::text), '') FROM {table.name} t WHERE guild_id = $1",
            guild_id,
        )
        for table in TABLES
    }
