"""Databases that are not migrated yet."""

from collections.abc import AsyncIterator

import pytest
from sqlalchemy import URL

from db.embedded import EmbeddedPostgres
from tests.conftest import connect


@pytest.fixture
async def empty_url(server: EmbeddedPostgres, worker_database: str) -> AsyncIterator[URL]:
    """A database with nothing in it."""
    name = f"{worker_database}_empty"
    maintenance = await connect(server.url("postgres"))
    await maintenance.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
    await maintenance.execute(f"CREATE DATABASE {name} TEMPLATE template0")
    yield server.url(name)
    await maintenance.execute(f"DROP DATABASE {name} WITH (FORCE)")
    await maintenance.close()
