"""The export's sections as a document; each row is checked, and refers only to what the file has."""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, Final, Literal, get_args

from bot.kit.text import safe
from cogs.moving.rules.amounts import read_amount, read_moment, read_whole
from cogs.moving.rules.document import (
    CHARACTER_LENGTH,
    CLASS_LENGTH,
    ITEM_LENGTH,
    NAME_LENGTH,
    REASON_LENGTH,
    BadRow,
    Document,
    FileAward,
    FileCharacter,
    FileCredit,
    FileEntry,
    FilePerson,
    FilePool,
    FileRaid,
    FileRoster,
    FileTick,
    Odd,
    PoolSettings,
    UnreadableFile,
    check_amount_of_work,
    check_sums,
    clean,
    quoted,
    refuse_lies,
)
from cogs.moving.rules.ours.proving import come_to, prove

_Kind = Literal[
    "attendance", "bonus", "loot", "adjustment", "penalty", "correction", "decay", "transfer", "opening", "import",
    "reversal",
]  # fmt: skip
_KINDS: Final = get_args(_Kind)
_HOW: Final = ("auction", "bid in game", "roll", "given")
_STATUSES: Final = ("present", "standby", "left", "excused", "absent", "removed")
_GROUPS: Final = {"applicant": "applicant", "guest": "guest"}
"""Who is nobody's Discord account yet has no rights to bring along: everybody else comes as a member."""
Row = dict[str, Any]


@dataclass
class Reading:
    name: str
    data: Row
    people: dict[str, str] = field(default_factory=dict)
    """Member id of the file -> id of the person they turned out to be."""
    entry_at: dict[str, int] = field(default_factory=dict)
    """Entry id of the file -> place among our entries."""
    odd: list[Odd] = field(default_factory=list)

    def document(self) -> Document:
        pools = self._pools()
        persons = {row["id"]: row for row in self._rows("people", "id", "name")}
        for member_id in persons:
            self.people[member_id] = self._absorbed(persons, member_id)
        entries = self._entries(pools)
        raids = self._raids(pools)
        awards = self._awards(pools, {raid.key for raid in raids})
        totals, sums = come_to(entries, pools)
        claims = [(self._person(row), row) for row in self._rows("balances", "member", "pool", "balance")]
        prove(self.name, claims, sums)
        check_amount_of_work(len(entries) + len(awards) + sum(len(t.credits) for raid in raids for t in raid.ticks))
        check_sums(entries)
        with_something = {entry.person for entry in entries} | {award.person for award in awards}
        with_something |= {c.person for raid in raids for tick in raid.ticks for c in tick.credits}
        with_something |= {one.person for raid in raids for one in raid.roster}
        people = tuple(self._persons(persons, with_something))
        return Document(
            format="quartermaster",
            pools=tuple(pools.values()),
            people=people,
            entries=tuple(entries),
            awards=tuple(awards),
            raids=tuple(raids),
            totals=totals,
            odd=tuple(self.odd),
            taken_at=read_moment(_word(self.data.get("exported_at")), UTC),
            rows=len(self.entry_at) + len(people),
            proofs=(
                f"{len(entries):,} entries come to the balance of each of {len(sums):,} accounts",
                "column by column: start points, earned, spent, adjusted",
            ),
        )

    # --- rows ---------------------------------------------------------------------------------------------------------

    def _rows(self, section: str, *needed: str) -> Iterator[Row]:
        """The rows of a section as words; each has what it must have."""
        listed = self.data.get(section, [])
        if not isinstance(listed, list):
            raise UnreadableFile(f"{quoted(self.name)}: {section} is no list; export it again.")
        for number, one in enumerate(listed, 1):
            if not isinstance(one, dict):
                raise BadRow(f"{section} row {number} is no object; export it again.")
            row = {key: _word(value) for key, value in one.items()} | {"row": f"{section} row {number}"}
            for column in needed:
                if row.get(column) in (None, ""):
                    raise BadRow(f"{section} row {number} has no {column}; export it again.")
            yield row

    def _absorbed(self, persons: dict[str, Row], member_id: str) -> str:
        seen: set[str] = set()
        while (into := persons[member_id].get("absorbed_by")) and into in persons and member_id not in seen:
            seen.add(member_id)
            member_id = into
        return member_id

    def _person(self, row: Row, column: str = "member") -> str:
        person = self.people.get(row[column])
        if person is None:
            raise BadRow(f"{row['row']} is about member {quoted(row[column])}, who is not in the file.")
        return person

    def _pool(self, row: Row, pools: dict[str, FilePool]) -> str:
        if row["pool"] not in pools:
            raise BadRow(f"{row['row']} is about pool {quoted(row['pool'])}, which is not in the file.")
        return row["pool"]

    # --- sections -----------------------------------------------------------------------------------------------------

    def _pools(self) -> dict[str, FilePool]:
        pools = {}
        for row in self._rows("pools", "id", "name"):
            where = row["row"]
            decimals = read_whole(row.get("decimals") or "0", where, "decimals")
            pools[row["id"]] = FilePool(
                row["id"],
                clean(row["name"], NAME_LENGTH, "Points"),
                row.get("default") == "true",
                PoolSettings(
                    decimals=min(max(decimals, 0), 2),
                    floor=read_amount(row.get("floor") or "0", where, "floor"),
                    cap=_amount(row, "cap"),
                    start=read_amount(row.get("start") or "0", where, "start"),
                    start_on="first_raid" if row.get("start_on") == "first_raid" else "join",
                    tick_points=_amount(row, "tick_points"),
                    transfers=row.get("transfers") == "true",
                    archived=row.get("archived") == "true",
                ),
            )
        if not pools:
            raise UnreadableFile(f"{quoted(self.name)} has no pools: export it again.")
        return pools

    def _persons(self, persons: dict[str, Row], with_something: set[str]) -> Iterator[FilePerson]:
        """Everybody with points, credits, awards or characters; who only was in the server stays behind."""
        characters: dict[str, list[FileCharacter]] = defaultdict(list)
        for row in self._rows("characters", "owner", "name"):
            if row.get("retired") != "true":
                owner = self._person(row, "owner")
                characters[owner].append(_character(row, main=row.get("main") == "true" and owner == row["owner"]))
        left_behind = 0
        stays: dict[str, list[tuple[datetime, datetime | None]]] = defaultdict(list)
        for row in self._rows("stays", "member", "started_at"):
            if (started := read_moment(row["started_at"], UTC)) is not None:
                stays[row["member"]].append((started, read_moment(row.get("ended_at"), UTC)))
        for member_id, row in persons.items():
            if self.people[member_id] != member_id:
                continue
            played = sorted(characters[member_id], key=lambda one: not one.main)
            if member_id not in with_something and not played:
                left_behind += 1
                continue
            played = [FileCharacter(c.name, c.character_class, c.level, n == 0) for n, c in enumerate(played)]
            discord = row.get("discord_id") or ""
            left = read_moment(row.get("left_at"), UTC) is not None
            yield FilePerson(
                key=member_id,
                name=clean(row["name"], NAME_LENGTH, f"(no name {member_id})"),
                characters=tuple(played),
                group=_GROUPS.get(row.get("group") or "", "member"),
                discord_user_id=int(discord) if discord.isascii() and discord.isdigit() and len(discord) < 19 else None,
                joined_at=read_moment(row.get("joined_at"), UTC),
                became_member_at=read_moment(row.get("became_member_at"), UTC),
                last_credit_at=read_moment(row.get("last_credit_at"), UTC),
                active=False if left else None,
                stays=tuple(stays[member_id]) if any(end for _, end in stays[member_id]) else (),
            )
        if left_behind:
            self.odd.append(Odd("left behind", f"{left_behind:,} people without points, raids or characters"))

    def _entries(self, pools: dict[str, FilePool]) -> list[FileEntry]:
        rows: dict[str, Row] = {}
        reversed_by: dict[str, str] = {}
        for row in self._rows("ledger", "id", "pool", "member", "kind", "amount"):
            if row["kind"] not in _KINDS or row["id"] in rows:
                raise BadRow(f"{row['row']}: kind {quoted(row['kind'])} or id {quoted(row['id'])} cannot be.")
            rows[row["id"]] = row
            if row["kind"] == "reversal":
                if not row.get("reverses") or row["reverses"] in reversed_by:
                    raise BadRow(f"{row['row']} takes back nothing, or what was taken back before; export it again.")
                reversed_by[row["reverses"]] = row["id"]
        entries: list[FileEntry] = []
        lies = []
        for entry_id, row in rows.items():
            amount = read_amount(row["amount"], row["row"], "amount")
            if row["kind"] == "reversal":
                first = rows.get(row["reverses"])
                same = first is not None and (first["pool"], first["member"]) == (row["pool"], row["member"])
                if first is None or not same or read_amount(first["amount"], first["row"], "amount") != -amount:
                    lies.append(f"{row['row']}: it does not take back what entry {safe(row['reverses'])} moved")
                continue
            if _length(reversed_by, entry_id) % 2:
                continue
            self.entry_at[entry_id] = len(entries)
            entries.append(
                FileEntry(
                    person=self._person(row),
                    pool=self._pool(row, pools),
                    kind=row["kind"],
                    amount=amount,
                    reason=clean(row.get("reason"), REASON_LENGTH, row["kind"]),
                    row=row["row"],
                    at=read_moment(row.get("at"), UTC),
                    character=_character(row, "character") if row.get("character") else None,
                )
            )
        refuse_lies(lies, quoted(self.name))
        if reversed_by:
            self.odd.append(Odd("left behind", f"{len(reversed_by):,} reversals and what they took back"))
        return entries

    def _raids(self, pools: dict[str, FilePool]) -> list[FileRaid]:
        credits: dict[str, list[FileCredit]] = defaultdict(list)
        met: set[tuple[str, str]] = set()
        for row in self._rows("credits", "tick", "member"):
            person = self._person(row)
            if (row["tick"], person) not in met:  # somebody and who they turned out to be, at one tick
                met.add((row["tick"], person))
                entry = self.entry_at.get(row.get("entry") or "")
                character = clean(row.get("character"), CHARACTER_LENGTH, "") or None
                line = clean(row.get("line"), REASON_LENGTH, "") or None
                credits[row["tick"]].append(FileCredit(person, entry, character, row.get("standby") == "true", line))
        ticks: dict[str, list[FileTick]] = defaultdict(list)
        for row in self._rows("ticks", "id", "raid", "number", "value"):
            if row.get("undone") != "true":
                ticks[row["raid"]].append(
                    FileTick(
                        number=len(ticks[row["raid"]]) + 1,
                        value=read_amount(row["value"], row["row"], "value"),
                        at=read_moment(row.get("at"), UTC),
                        note=clean(row.get("note"), ITEM_LENGTH, "") or None,
                        credits=tuple(credits[row["id"]]),
                    )
                )
        rosters: dict[str, dict[str, FileRoster]] = defaultdict(dict)
        for row in self._rows("rosters", "raid", "member", "status"):
            if row["status"] in _STATUSES:
                person = self._person(row)
                rosters[row["raid"]].setdefault(
                    person,
                    FileRoster(
                        person,
                        row["status"],
                        row.get("late") == "true",
                        clean(row.get("character"), CHARACTER_LENGTH, "") or None,
                        read_moment(row.get("arrived_at"), UTC),
                        read_moment(row.get("left_at"), UTC),
                    ),
                )
        raids, cancelled = [], 0
        for row in self._rows("raids", "id", "name", "pool"):
            if row.get("status") == "cancelled":
                cancelled += 1
                continue
            outcome = row.get("outcome")
            raids.append(
                FileRaid(
                    key=row["id"],
                    name=clean(row["name"], NAME_LENGTH, "Raid"),
                    event=clean(row.get("event"), NAME_LENGTH, "") or clean(row["name"], NAME_LENGTH, "Raid"),
                    pool=self._pool(row, pools),
                    started_at=read_moment(row.get("started_at"), UTC),
                    ended_at=read_moment(row.get("ended_at"), UTC),
                    note=clean(row.get("note"), REASON_LENGTH, "") or None,
                    outcome=outcome if outcome in ("win", "wipe", "other") else None,
                    tick_points=read_amount(row.get("tick_points") or "0", row["row"], "tick_points"),
                    ticks=tuple(ticks[row["id"]]),
                    roster=tuple(rosters[row["id"]].values()),
                )
            )
        if cancelled:
            self.odd.append(Odd("left behind", f"{cancelled:,} cancelled raids"))
        return raids

    def _awards(self, pools: dict[str, FilePool], raids: set[str]) -> list[FileAward]:
        awards, undone = [], 0
        for row in self._rows("awards", "member", "pool", "item", "cost"):
            if row.get("undone") == "true":
                undone += 1
                continue
            how = row.get("how") or ""
            awards.append(
                FileAward(
                    person=self._person(row),
                    pool=self._pool(row, pools),
                    item=clean(row["item"], ITEM_LENGTH, "(unnamed item)"),
                    cost=read_amount(row["cost"], row["row"], "cost"),
                    row=row["row"],
                    entry=self.entry_at.get(row.get("entry") or ""),
                    how=how if how in _HOW else "bid in game",
                    raid=row["raid"] if row.get("raid") in raids else None,
                    note=clean(row.get("note"), REASON_LENGTH, "") or None,
                    at=read_moment(row.get("at"), UTC),
                    character=_character(row, "character") if row.get("character") else None,
                )
            )
        if undone:
            self.odd.append(Odd("left behind", f"{undone:,} awards that were undone"))
        return awards


def _length(reversed_by: dict[str, str], entry_id: str) -> int:
    """How often an entry was taken back and brought back: odd means it does not stand."""
    length = 0
    while entry_id in reversed_by:
        entry_id = reversed_by[entry_id]
        length += 1
    return length


def _word(value: Any) -> Any:
    """A plain value as text; null, lists and objects as nothing."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return value if isinstance(value, str) else None


def _amount(row: Row, column: str) -> Decimal | None:
    return read_amount(row[column], row["row"], column) if row.get(column) else None


def _character(row: Row, name: str = "name", *, main: bool = False) -> FileCharacter:
    level = row.get("level") or ""
    return FileCharacter(
        clean(row[name], CHARACTER_LENGTH, "(no name)"),
        clean(row.get("class"), CLASS_LENGTH, "") or None,
        int(level) if level.isascii() and level.isdigit() and 0 < int(level[:6]) < 1000 else None,
        main,
    )
