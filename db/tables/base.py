"""The declarative base, the naming convention and the column types every table shares."""

from datetime import datetime
from decimal import Decimal
from typing import Annotated, Any

from sqlalchemy import BigInteger, CheckConstraint, DateTime, ForeignKeyConstraint, Identity, MetaData, Numeric, Text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import DeclarativeBase, mapped_column

NAMING = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
    "pk": "pk_%(table_name)s",
}

GuildId = Annotated[int, mapped_column(BigInteger, primary_key=True, autoincrement=False)]
"""The Discord server's snowflake; it leads the key of every tenant table."""
RowId = Annotated[int, mapped_column(BigInteger, Identity(always=False), primary_key=True)]
"""A number of our own, never reused; what buttons carry."""
Ref = Annotated[int, mapped_column(BigInteger)]
Snowflake = Annotated[int, mapped_column(BigInteger)]
Points = Annotated[Decimal, mapped_column(Numeric(12, 2))]
When = Annotated[datetime, mapped_column(DateTime(timezone=True))]
Words = Annotated[str, mapped_column(Text)]
Json = Annotated[dict[str, Any], mapped_column(JSONB)]


class Base(DeclarativeBase):
    metadata = MetaData(naming_convention=NAMING)


def to(table: str, *columns: str) -> ForeignKeyConstraint:
    """A tenant foreign key: `to("member", "owner_member_id")` is (guild_id, owner_member_id) -> member's key."""
    remote = {"guild": None, "ledger_entry": "entry_id"}.get(table, f"{table}_id")
    local = ["guild_id", *columns]
    target = [f"{table}.guild_id", *([f"{table}.{remote}"] if remote else [])]
    return ForeignKeyConstraint(local, target)


def one_of(column: str, *values: str) -> CheckConstraint:
    """A column that holds one of a few words, checked by the database."""
    listed = ", ".join(f"'{value}'" for value in values)
    return CheckConstraint(f"{column} IN ({listed})", name=f"{column}_known")
