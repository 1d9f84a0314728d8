"""Characters, raids, items and adjustments as they come, in the file's order; who a row means is found here."""

from dataclasses import dataclass, field, replace
from datetime import datetime, tzinfo
from decimal import Decimal
from typing import Any, Final

from bot.kit.text import points, safe
from bot.typed import name_key
from cogs.moving.rules.amounts import read_amount, read_moment
from cogs.moving.rules.document import (
    CHARACTER_LENGTH,
    CLASS_LENGTH,
    ITEM_LENGTH,
    NAME_LENGTH,
    REASON_LENGTH,
    ZERO,
    BadRow,
    FileAward,
    FileCharacter,
    FileCredit,
    FileEntry,
    FilePool,
    FileRaid,
    FileTick,
    Odd,
    clean,
)
from cogs.moving.rules.opendkp.rows import Row, named_by, rows_of, text_of, value_of

ITEMS: Final = ("items", "itemsxcharacters", "loot", "awards")
_CLAIMS: Final = ("currentdkp", "calculateddkp", "balance", "current", "dkp")


@dataclass
class Known:
    """A character of the file, listed or only seen."""

    key: str
    name: str
    row: str
    character_class: str | None = None
    level: int | None = None
    active: bool | None = None
    main: str | None = None
    claim: Decimal | None = None
    last_at: datetime | None = None
    sum: Decimal = ZERO


@dataclass
class Making:
    file_name: str
    zone: tzinfo
    known: dict[str, Known] = field(default_factory=dict)
    by_name: dict[str, str] = field(default_factory=dict)
    by_folded: dict[str, str] = field(default_factory=dict)
    mains: dict[str, str] = field(default_factory=dict)
    pools: dict[str, FilePool] = field(default_factory=dict)
    entries: list[FileEntry] = field(default_factory=list)
    awards: list[FileAward] = field(default_factory=list)
    raids: dict[str, FileRaid] = field(default_factory=dict)
    odd: list[Odd] = field(default_factory=list)

    # --- characters ---------------------------------------------------------------------------------------------------

    def add_character(self, row: Row, number: int) -> None:
        name = clean(text_of(value_of(row, "name", "charactername")), NAME_LENGTH, "")
        where = f"character {number} ({name or 'no name'})"
        if not name:
            raise BadRow(f"{safe(where)} has no name; mend the file.")
        key = text_of(value_of(row, "idcharacter", "characterid", "id")) or f"name {name}"
        if key in self.known or name in self.by_name:
            raise BadRow(f"{safe(where)} is in the file twice; mend the file.")
        level = text_of(value_of(row, "level"))
        main = text_of(value_of(row, "idassociated", "associatedid", "parentid", "mainid", "idmain"))
        main_name = text_of(value_of(row, "main", "mainname", "maincharacter"))
        active = text_of(value_of(row, "active", "isactive")).casefold()
        claim = value_of(row, *_CLAIMS)
        self._know(
            Known(
                key,
                name,
                where,
                clean(text_of(value_of(row, "class", "characterclass", "classname")), CLASS_LENGTH, "") or None,
                int(level) if level.isdigit() and 0 < int(level[:6]) < 1000 else None,
                None if active == "" else active not in ("0", "false", "no"),
                (main if main not in ("", "-1", "0") else None) or (f"name {main_name}" if main_name else None),
                read_amount(text_of(claim), where, "its balance") if claim is not None else None,
            )
        )

    def _know(self, one: Known) -> str:
        self.known[one.key] = one
        self.by_name.setdefault(one.name, one.key)
        self.by_folded.setdefault(name_key(one.name), one.key)
        return one.key

    def join_alts(self) -> None:
        """Who is whose alt; a main that is not there makes its alts people of their own."""
        for one in self.known.values():
            path, at = [one.key], one
            while at.main is not None:
                key = self._find(at.main)
                if key is None:
                    self.odd.append(Odd("mains that are missing", f"{safe(one.name)}: the main is not in the file"))
                    break
                if key in path:
                    break
                path.append(key)
                at = self.known[key]
            self.mains[one.key] = at.key

    def _find(self, main: str) -> str | None:
        if main in self.known:
            return main
        name = main.removeprefix("name ")
        return self.by_name.get(name) or self.by_folded.get(name_key(name))

    def _whose(self, value: Any, row: str) -> Known:
        """The character that a row means: by id, by name, kindly; one that is not listed is met here."""
        key, name = named_by(value)
        if key in self.known:
            return self.known[key]
        if not key and name in self.known and name_key(name) not in self.by_folded:
            return self.known[name]  # an id, written as a plain value
        name = clean(name, NAME_LENGTH, "")
        if not name:
            raise BadRow(f"{safe(row)} names no character; mend the file.")
        found = self.by_name.get(name) or self.by_folded.get(name_key(name))
        if found is None:
            self.odd.append(Odd("people not listed", f"{safe(name)} is at {safe(row)} and not among the characters"))
            found = self._know(Known(f"name {name}", name, row))
            self.mains[found] = found
        return self.known[found]

    # --- raids, items, adjustments ------------------------------------------------------------------------------------

    def add_raid(self, row: Row, number: int) -> None:
        key = text_of(value_of(row, "idraid", "raidid", "id")) or f"raid {number}"
        name = clean(text_of(value_of(row, "name", "raidname", "title")), NAME_LENGTH, f"Raid {number}")
        where = f"raid {key} ({name})"
        pool = self._pool(row)
        at = read_moment(text_of(value_of(row, "timestamp", "date", "raiddate", "startedat")), self.zone)
        if at is None:
            self.odd.append(Odd("dates", f"{safe(where)} has no readable date"))
        ticks = [
            self._tick(one, n, name, where, f"raid {number}, tick {n}", pool, at)
            for n, one in enumerate(rows_of(row, ("ticks",), "ticks"), 1)
        ]
        if key in self.raids:
            raise BadRow(f"{safe(where)} is in the file twice; mend the file.")
        self.raids[key] = FileRaid(
            key=key,
            name=name,
            event=name,
            pool=pool,
            started_at=at,
            ended_at=max((tick.at for tick in ticks if tick.at), default=at),
            tick_points=ticks[0].value if ticks else ZERO,
            ticks=tuple(ticks),
        )
        for n, one in enumerate(rows_of(row, ITEMS, "items"), 1):
            self.add_item(one, f"{where}, item {n}", f"raid {number}, item {n}", key, at, pool)

    def _tick(self, row: Row, number: int, raid: str, where: str, ref: str, pool: str, at: datetime | None) -> FileTick:
        where = f"{where}, tick {number}"
        value = read_amount(text_of(value_of(row, "value", "points", "dkp")), where, "its value")
        moment = read_moment(text_of(value_of(row, "timestamp", "date", "time")), self.zone) or at
        note = clean(text_of(value_of(row, "description", "name", "note")), ITEM_LENGTH, "") or None
        attendees = value_of(row, "attendees", "characters", "members")
        credits: dict[str, FileCredit] = {}
        seen: set[str] = set()
        for one in attendees if isinstance(attendees, list) else []:
            who = self._whose(one, where)
            if who.key in seen:
                self.odd.append(
                    Odd("twice at one tick", f"{safe(who.name)} is listed twice at {safe(where)}: once counts")
                )
                continue
            seen.add(who.key)
            person = self.mains[who.key]
            reason = f"{raid}, tick {number}"
            entry = self._entry(who, pool, "attendance", value, reason, ref, moment)
            who.last_at = max(filter(None, (who.last_at, moment)), default=None)
            if person in credits:
                sentence = f"{safe(who.name)} and another character of one person are at {safe(where)}: both were paid"
                self.odd.append(Odd("two characters of one person", f"{sentence}, attendance counts one"))
                continue
            credits[person] = FileCredit(person, entry, who.name, line=where)
        return FileTick(number, value, moment, note, tuple(credits.values()))

    def add_item(
        self, row: Row, where: str, ref: str, raid: str | None, at: datetime | None, pool: str | None = None
    ) -> None:
        """`where` names the row to whoever mends the file, `ref` by its numbers alone."""
        item = value_of(row, "itemname", "name", "item")
        name = clean(named_by(item)[1], ITEM_LENGTH, "(unnamed item)")
        where = f"{where} ({name})"
        who = self._whose(value_of(row, "charactername", "character", "idcharacter", "characterid", "player"), where)
        cost = read_amount(text_of(value_of(row, "dkpvalue", "dkp", "cost", "value", "price")), where, "its cost")
        raid = raid or text_of(value_of(row, "raidid", "idraid", "raid")) or None
        of = self.raids.get(raid or "")
        pool = pool or (of.pool if of else self._pool(row))
        at = (
            at or read_moment(text_of(value_of(row, "timestamp", "date")), self.zone) or (of.started_at if of else None)
        )
        if cost < 0:
            self.odd.append(Odd("refunds", f"{safe(where)} for {points(cost)} gives {safe(who.name)} points back"))
        entry = self._entry(who, pool, "loot", -cost, name, ref, at)
        award = FileAward(self.mains[who.key], pool, name, cost, where, entry, raid=of.key if of else None, at=at)
        self.awards.append(replace(award, character=self._snapshot(who)))

    def add_adjustment(self, row: Row, number: int) -> None:
        reason = clean(text_of(value_of(row, "name", "reason")), REASON_LENGTH, "")
        more = clean(text_of(value_of(row, "description", "note")), REASON_LENGTH, "")
        where = f"adjustment {number} ({reason or more or 'no reason'})"
        who = self._whose(value_of(row, "character", "charactername", "idcharacter", "characterid", "player"), where)
        value = read_amount(text_of(value_of(row, "value", "amount", "dkp", "points")), where, "its value")
        at = read_moment(text_of(value_of(row, "timestamp", "date")), self.zone)
        words = clean(": ".join(filter(None, (reason, more))), REASON_LENGTH, "adjustment without a reason")
        self._entry(who, self._pool(row), "adjustment", value, words, f"adjustment {number}", at)

    def _entry(
        self, who: Known, pool: str, kind: str, amount: Decimal, reason: str, row: str, at: datetime | None
    ) -> int | None:
        if not amount:
            return None
        who.sum += amount
        entry = FileEntry(self.mains[who.key], pool, kind, amount, reason, row, at, self._snapshot(who))
        self.entries.append(entry)
        return len(self.entries) - 1

    def _snapshot(self, who: Known) -> FileCharacter:
        return FileCharacter(clean(who.name, CHARACTER_LENGTH, who.name), who.character_class, who.level)

    def _pool(self, row: Row) -> str:
        """The pool a row belongs to, by number or name; rows that name none belong to the first."""
        key, name = named_by(value_of(row, "pool", "poolname"))
        key = key or text_of(value_of(row, "idpool", "poolid"))
        name = clean(name, NAME_LENGTH, "")
        for pool in self.pools.values():
            same_name = name and name_key(pool.name or "") == name_key(name)
            if not (key or name) or same_name or (key and pool.key == key):
                return pool.key
        new = FilePool(key or name or "1", name or None, is_default=not self.pools)
        self.pools[new.key] = new
        return new.key

    def add_item_of_none(self, row: Row, number: int) -> None:
        """An item that is listed beside the raids, not in one."""
        self.add_item(row, f"item {number}", f"item {number}", None, None)

    def first_pool(self) -> None:
        """There is one, whatever the file says."""
        if not self.pools:
            self._pool({})
