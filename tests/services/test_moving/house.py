"""Short words for importing files and looking at what became of them."""

import hashlib
from zoneinfo import ZoneInfo

from bot.stage import Actor, Stage
from bot.uploads import unpack
from cogs.dkp.service import ledger, undoing
from cogs.members.service import linking, presence
from cogs.moving.rules.document import Document, Format
from cogs.moving.rules.plan import Plan
from cogs.moving.rules.reading import MEANT, read_document
from cogs.moving.service import importing, looking
from cogs.moving.service.looking import Given
from cogs.moving.service.progress import Progress
from cogs.moving.service.undoing import ImportUndo, doctor
from tests.conftest import person

OFFICER = person(10, "Anna", manage_guild=True)
UTC = ZoneInfo("UTC")


def given(data: bytes | str, name: str = "points.xml", wanted: Format | None = None, pool: str | None = None) -> Given:
    raw = data.encode() if isinstance(data, str) else data
    document = read_document(unpack(name, raw, MEANT), wanted, UTC)
    return Given(name, hashlib.sha256(raw).hexdigest(), document, pool)


async def plan(stage: Stage, what: Given, by: Actor = OFFICER) -> Plan:
    return await stage.read(by, "dkp.import", lambda session: looking.look(session, what))


async def take_in(
    stage: Stage, what: Given, by: Actor = OFFICER, progress: Progress | None = None
) -> importing.Imported:
    seen = await plan(stage, what, by)
    return await importing.import_file(stage, by, what, seen.fingerprint, progress or Progress())


def read(data: bytes | str, name: str = "points.xml", wanted: Format | None = None) -> Document:
    return given(data, name, wanted).document


async def undo(stage: Stage, import_id: int, reason: str = "the wrong file") -> str:
    return await undoing.undo(stage, OFFICER, f"import:{import_id}", reason)


async def follows(stage: Stage, import_id: int) -> list[str]:
    return await stage.read(OFFICER, "dkp.undo", lambda session: ImportUndo().preview(session, import_id))


async def sound(stage: Stage) -> None:
    """What the doctor checks of people, points and imports."""
    for check in (ledger.imbalances, linking.problems, presence.inconsistencies, doctor):
        assert await stage.run(Actor.itself(1), check) == []
