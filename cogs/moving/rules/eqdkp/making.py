"""The proved file as a document: a person a main, twinks as characters, one movement a figure, item and adjustment."""

from collections import defaultdict
from decimal import Decimal

from cogs.moving.rules.document import (
    CHARACTER_LENGTH,
    ZERO,
    Document,
    FileAward,
    FileCharacter,
    FileEntry,
    FilePerson,
    FilePool,
    Odd,
    Totals,
    check_amount_of_work,
    check_sums,
    clean,
    quoted,
    refuse_lies,
)
from cogs.moving.rules.eqdkp.parsing import Figures, Parsed, Player
from cogs.moving.rules.eqdkp.proving import Group, is_bare, lies, oddities

_SYSTEM = "EQdkp Plus"


def make(parsed: Parsed) -> Document:
    """Refuses with the rows that lie; a residual between a list and its claim is booked as what it is, and is odd."""
    groups, chained = _groups(parsed.players)
    refuse_lies(lies(parsed, groups), quoted(parsed.file_name))
    pools = _pools(parsed)
    made = _Making(parsed, list(pools))
    for main_id, group in groups.items():
        for player in group:
            made.add(main_id, player)
    check_amount_of_work(len(made.entries) + len(made.awards))
    check_sums(made.entries)
    rows = len(parsed.players)
    lists = [f"{sum(len(p.items) for p in parsed.players):,} items come to what is spent"] if made.awards else []
    if any(player.adjustments for player in parsed.players):
        lists.append(f"{sum(len(p.adjustments) for p in parsed.players):,} adjustments come to what is adjusted")
    return Document(
        format="eqdkp",
        pools=tuple(pools.values()),
        people=tuple(_person(main_id, group) for main_id, group in groups.items()),
        entries=tuple(made.entries),
        awards=tuple(made.awards),
        totals=made.totals,
        odd=(*oddities(parsed, groups), *chained, *made.odd),
        taken_at=parsed.taken_at,
        rows=rows,
        proofs=(f"in each of {rows:,} rows earned − spent + adjustment = current", *lists),
    )


def _groups(players: list[Player]) -> tuple[dict[str, Group], list[Odd]]:
    """Players by the main they belong to, the main first. A main that is itself a twink leads on to its own main."""
    by_id = {player.player_id: player for player in players}
    groups: dict[str, Group] = defaultdict(list)
    odd = []
    for player in players:
        path, at = [player.player_id], player.main_id
        while at in by_id and by_id[at].main_id != at and at not in path:
            path.append(at)
            at = by_id[at].main_id
        if at in path and len(path) > 1:  # they name each other: the one that came first leads
            at = min(path[path.index(at) :], key=int)
        if len(path) > 1:
            odd.append(Odd("mains of mains", f"{quoted(player.name)} leads over another twink to number {at}"))
        groups[at].append(player)
    for main_id, group in groups.items():
        group.sort(key=lambda player: player.player_id != main_id)
    return dict(groups), odd


def _person(main_id: str, group: Group) -> FilePerson:
    first = group[0]
    there = first.player_id == main_id
    name = first.name if there else first.main_name or first.name
    return FilePerson(
        key=main_id,
        name=name,
        characters=tuple(_character(player, main=number == 0) for number, player in enumerate(group)),
        active=any(player.active and not player.hidden for player in group),
    )


def _character(player: Player, *, main: bool = False) -> FileCharacter:
    return FileCharacter(clean(player.name, CHARACTER_LENGTH, player.name), player.class_name, None, main)


def _pools(parsed: Parsed) -> dict[str, FilePool]:
    """The pools that rows have, by number; a lone one without a name is called what the guild calls its points."""
    used = {figures.pool for player in parsed.players for figures in player.figures} or {"1"}
    ordered = sorted(used, key=lambda pool: (not pool.isdigit(), int(pool) if pool.isdigit() else 0, pool))
    alone = parsed.points_name if len(ordered) == 1 else None
    return {
        pool: FilePool(pool, parsed.pool_names.get(pool, alone), is_default=number == 0)
        for number, pool in enumerate(ordered)
    }


class _Making:
    """Entries and awards as they come, and what the file claims of each pool."""

    def __init__(self, parsed: Parsed, pools: list[str]) -> None:
        self.parsed, self.pools = parsed, pools
        self.entries: list[FileEntry] = []
        self.awards: list[FileAward] = []
        self.odd: list[Odd] = []
        self.totals = {pool: Totals() for pool in pools}

    def add(self, person: str, player: Player) -> None:
        items = [(self._pool_of(player, item.itempool, self.parsed.pool_of_itempool), item) for item in player.items]
        ones = [(self._pool_of(player, one.event, self.parsed.pool_of_event), one) for one in player.adjustments]
        spent: dict[str, Decimal] = defaultdict(lambda: ZERO)
        adjusted: dict[str, Decimal] = defaultdict(lambda: ZERO)
        for pool, item in items:
            spent[pool] += item.value
        for pool, one in ones:
            adjusted[pool] += one.value
        listed_only = {*spent, *adjusted} - {figures.pool for figures in player.figures}
        rests = [self._claim(person, player, figures, spent, adjusted) for figures in player.figures]
        rests += [(pool, -spent[pool], -adjusted[pool]) for pool in sorted(listed_only)]
        for pool, item in items:
            number = self._entry(person, player, pool, "loot", -item.value, item.name)
            award = FileAward(person, pool, item.name, item.value, player.row, number, character=_character(player))
            self.awards.append(award)
        for pool, one in ones:
            self._entry(person, player, pool, "adjustment", one.value, one.reason, at=one.at)
        for pool, rest_spent, rest_adjusted in rests:
            self._entry(person, player, pool, "loot", -rest_spent, f"spent in {_SYSTEM}, on nothing the file lists")
            why = f"adjusted in {_SYSTEM}, for nothing the file lists"
            self._entry(person, player, pool, "adjustment", rest_adjusted, why)

    def _claim(
        self, person: str, player: Player, figures: Figures, spent: dict[str, Decimal], adjusted: dict[str, Decimal]
    ) -> tuple[str, Decimal, Decimal]:
        """Book what a row earned; returns what its lists leave unexplained of spent and adjusted."""
        pool = figures.pool
        current = figures.own[0]
        if is_bare(figures):
            rest = (current or ZERO) + spent[pool] - adjusted[pool]
            self._entry(person, player, pool, "import", rest, f"points in {_SYSTEM}")
            parts = [ZERO, spent[pool], adjusted[pool] + rest]
        else:
            parts = [one or ZERO for one in figures.own[1:]]
            self._entry(person, player, pool, "attendance", parts[0], f"earned in {_SYSTEM}")
        before = self.totals[pool]
        self.totals[pool] = Totals(
            before.earned + parts[0],
            before.spent + parts[1],
            before.adjusted + parts[2],
            before.balance + (parts[0] - parts[1] + parts[2]),
        )
        return (pool, ZERO, ZERO) if is_bare(figures) else (pool, parts[1] - spent[pool], parts[2] - adjusted[pool])

    def _entry(
        self, person: str, player: Player, pool: str, kind: str, amount: Decimal, reason: str, **more
    ) -> int | None:
        if not amount:
            return None
        row = f"player {player.player_id}"
        entry = FileEntry(person, pool, kind, amount, reason, row, character=_character(player), **more)
        self.entries.append(entry)
        return len(self.entries) - 1

    def _pool_of(self, player: Player, number: str, known: dict[str, str]) -> str:
        """The pool an item pool or event belongs to: as the file says; else the one of that number; else the first."""
        mine = [figures.pool for figures in player.figures] or self.pools
        if len(mine) == 1:
            return mine[0]
        for candidate in (known.get(number), number):
            if candidate in mine:
                return candidate
        return mine[0]
