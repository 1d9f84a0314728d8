"""Every capability tried allowed and refused through the one door, on a real database; and each guards something."""

import re
from pathlib import Path

import asyncpg
import pytest

from bot.permissions import BADGE, CAPABILITIES, GROUPS, MANAGE_SERVER, NEWCOMER
from bot.refusals import NotAllowed
from bot.stage import Actor, Session, Stage, use_case
from tests.conftest import person
from tests.rules.test_permissions import MAPPED, TABLE

COGS = Path(__file__).parents[2] / "cogs"


async def _act(session: Session) -> int:
    return session.member.member_id


DOORS = {capability: use_case(capability)(_act) for capability in CAPABILITIES}


async def as_somebody(stage: Stage, owner: asyncpg.Connection, standing: str) -> Actor:
    """Somebody with one standing alone, by what the rows and Discord say."""

    async def look(_: Session) -> None: ...

    role_ids = frozenset({MAPPED[BADGE]} if standing == BADGE else ())
    actor = person(5, "Somebody", role_ids=role_ids, manage_guild=standing == MANAGE_SERVER)
    await stage.read(actor, None, look)
    if standing != NEWCOMER:
        rows = [(1, group, role_id) for group, role_id in MAPPED.items()]
        await owner.executemany("INSERT INTO role_mapping (guild_id, role_group, role_id) VALUES ($1, $2, $3)", rows)
        group = standing if standing in GROUPS else "guest"
        await owner.execute("UPDATE member SET role_group = $1", group)
    return actor


@pytest.mark.parametrize("standing", [*GROUPS, BADGE, NEWCOMER, MANAGE_SERVER])
async def test_the_door_opens_for_exactly_who_the_table_says(
    stage: Stage, owner: asyncpg.Connection, standing: str
) -> None:
    actor = await as_somebody(stage, owner, standing)
    for capability, act in DOORS.items():
        # Who has nothing but the badge, or Manage Server, is a guest beside it.
        if TABLE[capability, standing] or (standing in (BADGE, MANAGE_SERVER) and TABLE[capability, "guest"]):
            assert await act(stage, actor)
        else:
            with pytest.raises(NotAllowed):
                await act(stage, actor)
            with pytest.raises(NotAllowed):
                await stage.read(actor, capability, _act)


async def test_quartermaster_itself_passes_every_door(stage: Stage) -> None:
    async def look(session: Session) -> bool:
        return all(session.may(capability) for capability in CAPABILITIES)

    assert await stage.read(Actor.itself(1), None, look)


def test_every_capability_guards_something_and_no_other_is_asked_for() -> None:
    tables = {COGS / "help" / "rules.py"}  # it names capabilities and asks for none
    source = "\n".join(path.read_text() for path in COGS.rglob("*.py") if path not in tables)
    asked = set(re.findall(r'(?:use_case|together|require|may|offer)\(\s*"([a-z_]+\.[a-z_]+)"', source))
    asked |= set(re.findall(r'\.read\([^"]{1,60}"([a-z_]+\.[a-z_]+)"', source))
    assert asked <= set(CAPABILITIES)
    unused = {capability for capability in CAPABILITIES if f'"{capability}"' not in source}
    assert unused == set()
