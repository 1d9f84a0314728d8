"""A synthetic EQdkp Plus points export in the exact shape of the real ones, with everything odd that they have.

Deterministic: a seed makes a file. Figures are made first and written down beside the XML, so that a test compares
what was imported with them, not with what the importer read.
"""

import random
from dataclasses import dataclass, field
from decimal import Decimal
from xml.sax.saxutils import escape

CLASSES = ("Warrior", "Cleric", "Shadow Knight", "Monk", "Bard", "Wizard", "Rogue", "Druid", "Enchanter", "Ranger")
REASONS = ("Bad Touch", "Donated a diamond", "Missed the pull", "Raid lead", "Standby & late", "Main change <3")
ITEMS = ("Cloak of Flames", "Bloodstained Key", "Tasarin's Grimoire Pg. 24", "Eye of Eashen", 'The "Last" Word', "")
_SYLLABLES = [
    "ba",
    "be",
    "bi",
    "bo",
    "da",
    "de",
    "do",
    "fa",
    "fi",
    "ga",
    "go",
    "ka",
    "ke",
    "la",
    "lo",
    "ma",
    "mi",
    "na",
    "ne",
    "ra",
    "re",
    "sa",
    "si",
    "ta",
    "to",
    "va",
    "wi",
    "xa",
    "za",
]


@dataclass
class Made:
    """The file, and what is true of it."""

    xml: str = ""
    players: int = 0
    people: int = 0
    items: int = 0
    adjustments: int = 0
    balance: Decimal = Decimal(0)
    earned: Decimal = Decimal(0)
    spent: Decimal = Decimal(0)
    adjusted: Decimal = Decimal(0)
    by_main: dict[str, Decimal] = field(default_factory=dict)
    """Balance by the main's id, its twinks included."""
    names: dict[str, str] = field(default_factory=dict)
    """Name by the main's id."""


@dataclass
class _Player:
    number: int
    name: str
    main: int
    earned: Decimal
    items: list[tuple[str, Decimal]]
    adjustments: list[tuple[str, Decimal, int]]
    active: bool
    hidden: bool
    class_name: str

    @property
    def spent(self) -> Decimal:
        return sum((value for _, value in self.items), Decimal(0))

    @property
    def adjusted(self) -> Decimal:
        return sum((value for _, value, _ in self.adjustments), Decimal(0))

    @property
    def current(self) -> Decimal:
        return self.earned - self.spent + self.adjusted


def make(players: int = 4000, seed: int = 1, timestamp: int = 1734443553) -> Made:
    dice = random.Random(seed)
    everybody = _players(dice, players)
    groups: dict[int, list[_Player]] = {}
    for one in everybody:
        groups.setdefault(one.main, []).append(one)
    made = Made(players=len(everybody), people=len(groups))
    for main, group in groups.items():
        made.by_main[str(main)] = sum((one.current for one in group), Decimal(0))
        made.names[str(main)] = next((one.name for one in everybody if one.number == main), f"Gone{main}")
    made.items = sum(len(one.items) for one in everybody)
    made.adjustments = sum(len(one.adjustments) for one in everybody)
    for one in everybody:
        made.earned += one.earned
        made.spent += one.spent
        made.adjusted += one.adjusted
        made.balance += one.current
    rows = "".join(_row(one, groups[one.main], made.names[str(one.main)]) for one in everybody)
    made.xml = (
        '<?xml version="1.0" encoding="UTF-8"?>\n<response><eqdkp><name>Old Site</name><guild>Crimson Circle</guild>'
        "<dkp_name>DKP</dkp_name><version>2.3</version><layout>user_normal</layout></eqdkp>"
        f"<info><with_twink>1</with_twink><date>17.12.24 13:52:33</date><timestamp>{timestamp}</timestamp>"
        f"<total_players>{made.players}</total_players><total_items>{made.items}</total_items></info>"
        f"<players>{rows}</players></response>\n"
    )
    return made


def _players(dice: random.Random, count: int) -> list[_Player]:
    odd_names = ["Palaelean (SK)", "Palaelean", "D'Artagnan", "Bob the Second", "12345", "R2D2", "Zed", "zed", "ZED"]
    names = odd_names + [_name(dice, number) for number in range(count - len(odd_names))]
    players: list[_Player] = []
    mains: list[int] = []
    for number, name in enumerate(names, 1):
        alt = number > 40 and mains and dice.random() < 0.35
        main = dice.choice(mains) if alt else number
        if number > 40 and dice.random() < 0.004:
            main = 900_000 + number  # the main was deleted on the old site
        elif not alt:
            mains.append(number)
        players.append(
            _Player(
                number=number,
                name=name,
                main=main,
                earned=_money(dice, 0, 3000) if dice.random() < 0.9 else Decimal(0),
                items=[
                    (dice.choice(ITEMS), _money(dice, -20 if dice.random() < 0.03 else 0, 400))
                    for _ in range(_few(dice))
                ],
                adjustments=[
                    (dice.choice(REASONS), _money(dice, -50, 50), 1505755219 + dice.randrange(200_000_000))
                    for _ in range(dice.choice((0, 0, 0, 1, 2)))
                ],
                active=dice.random() < 0.2,
                hidden=dice.random() < 0.05,
                class_name=dice.choice(CLASSES),
            )
        )
    return players


def _name(dice: random.Random, number: int) -> str:
    word = "".join(dice.choice(_SYLLABLES) for _ in range(dice.randrange(2, 5)))
    return f"{word.capitalize()}{_letters(number)}"


def _letters(number: int) -> str:
    letters = ""
    while True:
        letters += "abcdefghijklmnopqrstuvwxyz"[number % 26]
        number //= 26
        if not number:
            return letters


def _few(dice: random.Random) -> int:
    return dice.choice((0, 0, 1, 1, 2, 3, 9))


def _money(dice: random.Random, least: int, most: int) -> Decimal:
    places = dice.choice((0, 0, 0, 1, 2))
    return Decimal(dice.randrange(least * 100, most * 100 + 1)).scaleb(-2).quantize(Decimal(1).scaleb(-places))


def _row(one: _Player, group: list[_Player], main_name: str) -> str:
    together = {
        word: sum((getattr(each, word) for each in group), Decimal(0))
        for word in ("current", "earned", "spent", "adjusted")
    }
    figures = "".join(
        f"<points_{tag}>{_text(getattr(one, word))}</points_{tag}>"
        f"<points_{tag}_with_twink>{_text(together[word])}</points_{tag}_with_twink>"
        for tag, word in (
            ("current", "current"), ("earned", "earned"), ("spent", "spent"), ("adjustment", "adjusted"),
        )
    )  # fmt: skip
    items = "".join(
        f"<item><game_id>0</game_id><name>{escape(name)}</name><value>{_text(value)}</value>"
        "<itempool_id>1</itempool_id></item>"
        for name, value in one.items
    )
    adjustments = "".join(
        f"<adjustment><reason>{escape(reason)}</reason><value>{_text(value)}</value><timestamp>{at}</timestamp>"
        "<event_id>6</event_id></adjustment>"
        for reason, value, at in one.adjustments
    )
    return (
        f"<player><id>{one.number}</id><name>{escape(one.name)}</name><active>{int(one.active)}</active>"
        f"<hidden>{int(one.hidden)}</hidden><main_id>{one.main}</main_id><main_name>{escape(main_name)}</main_name>"
        f"<class_id>6</class_id><class_name>{one.class_name}</class_name>"
        f"<points><multidkp_points><multidkp_id>1</multidkp_id>{figures}</multidkp_points></points>"
        f"<items>{items}</items><adjustments>{adjustments}</adjustments></player>"
    )


def _text(value: Decimal) -> str:
    """As PHP prints it: 4, 0.25, -3.5."""
    return format(value.normalize(), "f") if value else "0"
