"""The one JSON document, version 1: what `rules.ours` reads back. Amounts are texts; ids are numbers of this server."""

import json
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import Executable

from cogs.moving.rules.ours import MARK, VERSION
from cogs.moving.service.exporting.reading import Scope
from db.tables import Award, Character, EntryText, LedgerEntry, Member, Pool, Raid, RaidMember, Stay, Tick, TickCredit

NAME = "quartermaster.json"
Fields = dict[str, Any]


async def document(scope: Scope) -> AsyncIterator[tuple[str, str]]:
    """(file name, piece of its text)"""
    session = scope.session
    head = {MARK: VERSION, "exported_at": session.now, "guild": session.guild.name, "timezone": session.guild.timezone}
    yield NAME, _json(head)[:-1]
    yield NAME, ',\n"ledger":['
    comma = ""
    async for piece in scope.ledger():
        yield NAME, comma + ",\n".join(_json(_entry(row[0], row[1])) for row in piece)
        comma = ",\n"
    yield NAME, "]"
    balances = [
        {"pool": pool_id, "member": member_id, **columns} for (pool_id, member_id), columns in scope.accounts.items()
    ]
    yield NAME, f',\n"balances":{_json(balances)}'
    sections: list[tuple[str, Executable, Callable[[Any], Fields]]] = [
        ("pools", scope.pools(), lambda row: _pool(row[0])),
        ("people", scope.members(), lambda row: _member(row[0])),
        ("characters", scope.characters(), lambda row: _character(row[0])),
        ("stays", scope.stays(), lambda row: _stay(row[0])),
        ("raids", scope.raids(), lambda row: _raid(row[0], row[1])),
        ("rosters", scope.rosters(), lambda row: _seat(row[0])),
        ("ticks", scope.ticks(), lambda row: _tick(row[0])),
        ("credits", scope.credits(), lambda row: _credit(row[0])),
        ("awards", scope.awards(), lambda row: _award(row[0])),
    ]
    for section, query, fields in sections:
        yield NAME, f',\n"{section}":['
        comma = ""
        async for piece in scope.rows(query):
            yield NAME, comma + ",\n".join(_json(fields(row)) for row in piece)
            comma = ",\n"
        yield NAME, "]"
    yield NAME, "}\n"


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), default=_plain)


def _plain(value: object) -> str:
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat()
    assert isinstance(value, Decimal), type(value)
    return format(value, "f")


def _some(**fields: Any) -> Fields:
    """Without what is empty: most rows have little, and there are many."""
    return {name: value for name, value in fields.items() if value is not None and value is not False}


def _entry(entry: LedgerEntry, text: EntryText | None) -> Fields:
    return _some(
        id=entry.entry_id,
        pool=entry.pool_id,
        member=entry.member_id,
        kind=entry.kind,
        amount=entry.amount,
        source=entry.source,
        reverses=entry.reverses_entry_id,
        at=entry.created_at,
        reason=text.reason if text else None,
        officer=text.actor_name if text else None,
        character=text.character_name if text else None,
        **{"class": text.character_class if text else None},
        level=text.character_level if text else None,
    )


def _pool(pool: Pool) -> Fields:
    return _some(
        id=pool.pool_id,
        name=pool.name,
        default=pool.is_default,
        decimals=pool.decimals,
        floor=pool.floor,
        cap=pool.cap,
        start=pool.start,
        start_on=pool.start_on,
        tick_points=pool.tick_points,
        transfers=pool.transfers,
        archived=pool.archived_at is not None,
    )


def _member(member: Member) -> Fields:
    return _some(
        id=member.member_id,
        name=member.display_name,
        discord_id=None if member.discord_user_id is None else str(member.discord_user_id),
        group=member.role_group,
        joined_at=member.joined_at,
        left_at=member.left_at,
        became_member_at=member.became_member_at,
        last_credit_at=member.last_credit_at,
        absorbed_by=member.absorbed_by_member_id,
    )


def _character(character: Character) -> Fields:
    return _some(
        owner=character.owner_member_id,
        name=character.name,
        **{"class": character.character_class},
        level=character.level,
        main=character.is_main,
    )


def _stay(stay: Stay) -> Fields:
    return _some(member=stay.member_id, started_at=stay.started_at, ended_at=stay.ended_at)


def _raid(raid: Raid, event: str) -> Fields:
    return _some(
        id=raid.raid_id,
        event=event,
        pool=raid.pool_id,
        name=raid.name,
        note=raid.note,
        status=raid.status,
        outcome=raid.outcome,
        tick_points=raid.tick_points,
        started_at=raid.started_at,
        ended_at=raid.ended_at,
    )


def _seat(seat: RaidMember) -> Fields:
    return _some(
        raid=seat.raid_id,
        member=seat.member_id,
        status=seat.status,
        late=seat.late,
        character=seat.character_name,
        arrived_at=seat.arrived_at,
        left_at=seat.left_at,
    )


def _tick(tick: Tick) -> Fields:
    return _some(
        id=tick.tick_id,
        raid=tick.raid_id,
        number=tick.number,
        value=tick.value,
        note=tick.note,
        source=tick.source,
        at=tick.taken_at,
        undone=tick.undone_at is not None,
    )


def _credit(credit: TickCredit) -> Fields:
    return _some(
        tick=credit.tick_id,
        member=credit.member_id,
        entry=credit.entry_id,
        standby=credit.standby,
        evidence=credit.evidence,
        character=credit.character_name,
        line=credit.line,
    )


def _award(award: Award) -> Fields:
    return _some(
        id=award.award_id,
        raid=award.raid_id,
        pool=award.pool_id,
        member=award.member_id,
        entry=award.entry_id,
        item=award.item_name,
        how=award.how,
        cost=award.cost,
        note=award.note,
        at=award.awarded_at,
        character=award.character_name,
        undone=award.undone_at is not None,
    )
