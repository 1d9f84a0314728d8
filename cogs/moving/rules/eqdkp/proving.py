"""What an EQdkp Plus file claims, compared with itself: row by row, person by person, and in total."""

from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from decimal import Decimal

from bot.kit.text import points, safe
from bot.typed import name_key
from cogs.moving.rules.document import ZERO, Odd, quoted
from cogs.moving.rules.eqdkp.parsing import Figures, Parsed, Player

Group = list[Player]
"""A main and its twinks, the main first where the file has it."""


def lies(parsed: Parsed, groups: dict[str, Group]) -> list[str]:
    """Every contradiction, a sentence that names its row; safe to show."""
    return [
        *_count_lies(parsed),
        *_row_lies(parsed.players),
        *_twink_lies(parsed, groups),
        *_list_lies(groups, "spent", "items", 2, lambda player: [item.value for item in player.items]),
        *_list_lies(groups, "adjustment", "adjustments", 3, lambda player: [one.value for one in player.adjustments]),
    ]


def _count_lies(parsed: Parsed) -> Iterator[str]:
    seen: dict[str, Player] = {}
    for player in parsed.players:
        if player.player_id in seen:
            yield f"{safe(player.row)}: the id was {safe(seen[player.player_id].name)}'s already"
        seen[player.player_id] = player
    listed = len(parsed.players)
    if parsed.total_players is not None and parsed.total_players != listed:
        yield f"total_players is {parsed.total_players:,}, and the file lists {listed:,} players"
    items = sum(len(player.items) for player in parsed.players)
    if parsed.total_items is not None and items and parsed.total_items != items:
        yield f"total_items is {parsed.total_items:,}, and the file lists {items:,} items"


def _row_lies(players: Sequence[Player]) -> Iterator[str]:
    """earned − spent + adjustment = current, own and with twinks, in every pool of every row."""
    for player in players:
        pools = [figures.pool for figures in player.figures]
        for pool in {pool for pool in pools if pools.count(pool) > 1}:
            yield f"{safe(player.row)}: pool {safe(pool)} is there twice"
        for figures in player.figures:
            for ending, given in (("", figures.own), (" with twinks", figures.with_twink)):
                current, *parts = given
                if current is None or all(part is None for part in parts):
                    continue
                earned, spent, adjustment = (part or ZERO for part in parts)
                if earned - spent + adjustment != current:
                    yield (
                        f"{safe(player.row)}, pool {safe(figures.pool)}{ending}: {points(earned)} earned"
                        f" − {points(spent)} spent + {points(adjustment)} adjustment is"
                        f" {points(earned - spent + adjustment)}, and current is {points(current)}"
                    )


def _twink_lies(parsed: Parsed, groups: dict[str, Group]) -> Iterator[str]:
    """With twinks a main has what it and its twinks have together; a twink's row may show that, or its own."""
    for main_id, group in groups.items():
        if group[0].player_id != main_id:
            continue  # the main is not in the file: what it had cannot be known
        sums = _sums(group)
        for player in group:
            for figures in player.figures:
                own_counts = player.player_id != main_id or len(group) == 1 or not parsed.with_twink
                for place, word in enumerate(("current", "earned", "spent", "adjustment")):
                    claimed, together = figures.with_twink[place], sums[figures.pool][place]
                    fine = claimed is None or claimed == together or (own_counts and claimed == figures.own[place])
                    if not fine and claimed is not None:
                        yield (
                            f"{safe(player.row)}, pool {safe(figures.pool)}: {word} with twinks is {points(claimed)},"
                            f" and the rows of {safe(group[0].name)} and twinks come to {points(together)}"
                        )


def _sums(group: Group) -> dict[str, tuple[Decimal, ...]]:
    sums: dict[str, tuple[Decimal, ...]] = defaultdict(lambda: (ZERO, ZERO, ZERO, ZERO))
    for player in group:
        for figures in player.figures:
            sums[figures.pool] = tuple(a + (b or ZERO) for a, b in zip(sums[figures.pool], figures.own, strict=True))
    return sums


def _list_lies(
    groups: dict[str, Group], word: str, what: str, place: int, values: Callable[[Player], list[Decimal]]
) -> Iterator[str]:
    """What a row lists comes to what it claims; a list under a main may hold its twinks' as long as the sum is right.

    A row that lists nothing is no lie: exports may leave lists out.
    """
    for group in groups.values():
        if all(claimed(player, place) == sum(values(player), ZERO) for player in group):
            continue
        if sum((claimed(player, place) - sum(values(player), ZERO) for player in group), ZERO) == 0:
            continue
        for player in group:
            listed, claim = sum(values(player), ZERO), claimed(player, place)
            if values(player) and listed != claim and not all(map(is_bare, player.figures)):
                yield f"{safe(player.row)}: its {what} come to {points(listed)}, and {word} is {points(claim)}"


def claimed(player: Player, place: int) -> Decimal:
    """What a row claims over all its pools; nothing where it gives only the current points."""
    return sum((figures.own[place] or ZERO for figures in player.figures), ZERO)


def is_bare(figures: Figures) -> bool:
    """Nothing but the current points, or nothing at all."""
    return all(one is None for one in figures.own[1:])


# --- what is odd and no lie -------------------------------------------------------------------------------------------


def oddities(parsed: Parsed, groups: dict[str, Group]) -> Iterator[Odd]:
    by_key: dict[str, list[Player]] = defaultdict(list)
    for player in parsed.players:
        by_key[name_key(player.name)].append(player)
        yield from _name_oddities(player)
        yield from _row_oddities(player)
    for same in by_key.values():
        if len(same) > 1:
            names = " and ".join(f"{safe(player.name)} ({safe(player.player_id)})" for player in same)
            yield Odd("names that differ only in case", f"{names}: each stays a person or character of its own")
    for main_id, group in groups.items():
        yield from _group_oddities(parsed, main_id, group)
    inactive = sum(not player.active for player in parsed.players)
    hidden = sum(player.hidden for player in parsed.players)
    if inactive:
        yield Odd("inactive and hidden", f"{inactive:,} players are inactive: kept, and left out of standings")
    if hidden:
        yield Odd("inactive and hidden", f"{hidden:,} players are hidden: kept, and left out of standings")
    used = {figures.pool for player in parsed.players for figures in player.figures}
    for pool in sorted(used - parsed.pool_names.keys()) if len(used) > 1 or parsed.pool_names else ():
        yield Odd("pools", f"multidkp pool {safe(pool)} has no name in the file")
    if parsed.total_items and not any(player.items for player in parsed.players):
        yield Odd("lists left out", f"the file counts {parsed.total_items:,} items and lists none")


def _name_oddities(player: Player) -> Iterator[Odd]:
    name = player.name
    why = [
        word
        for word, there in (
            ("a number", any(char.isdigit() for char in name)),
            ("a space", " " in name),
            ("an apostrophe", any(char in "'’`´" for char in name)),
            ("brackets", any(char in "()[]" for char in name)),
        )
        if there
    ]
    if why:
        yield Odd("unusual names", f"{safe(name)} ({' and '.join(why)}) is kept as it is")


def _row_oddities(player: Player) -> Iterator[Odd]:
    for figures in player.figures:
        current = figures.own[0]
        if current is None:
            if any(figures.own[1:]):
                yield Odd("figures left out", f"{safe(player.row)} has no current points; they are reckoned")
        elif current and is_bare(figures):
            yield Odd("figures left out", f"{safe(player.row)} has {points(current)} and no word of where from")
        if current is not None and current < 0:
            yield Odd("negative balances", f"{safe(player.row)} has {points(current)}")
        if current is not None and current % 1:
            yield Odd("fractional balances", f"{safe(player.row)} has {points(current)}")
    for item in player.items:
        if item.value < 0:
            yield Odd("refunds", f"{safe(player.row)}: {quoted(item.name)} for {points(item.value)} gives points back")
    for adjustment in player.adjustments:
        if adjustment.dated and adjustment.at is None:
            yield Odd("dates", f"{safe(player.row)}: {quoted(adjustment.reason)} has no readable date")
    for place, what, listed in (
        (2, "items", [item.value for item in player.items]),
        (3, "adjustments", [one.value for one in player.adjustments]),
    ):
        rest = claimed(player, place) - sum(listed, ZERO)
        if rest and not all(map(is_bare, player.figures)):
            word = "spent" if place == 2 else "adjusted"
            yield Odd("lists left out", f"{safe(player.row)}: {points(rest)} {word} are not among its {what}")


def _group_oddities(parsed: Parsed, main_id: str, group: Group) -> Iterator[Odd]:
    if group[0].player_id == main_id:
        return
    names = ", ".join(safe(player.name) for player in group[:5])
    main = safe(group[0].main_name or f"number {main_id}")
    yield Odd("mains that are missing", f"{names}: the main {main} is not in the file; they are a person of their own")
    sums = _sums(group)
    for figures in group[0].figures:
        if (with_twink := figures.with_twink[0]) is not None and with_twink not in (
            sums[figures.pool][0],
            figures.own[0],
        ):
            rest = with_twink - sums[figures.pool][0]
            yield Odd(
                "mains that are missing",
                f"{safe(group[0].row)}: {points(rest)} of {points(with_twink)} with twinks are in no row of the file"
                " and are not imported",
            )
