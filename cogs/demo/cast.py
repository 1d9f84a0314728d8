"""Who is in the guild, what they play and what drops. Data only."""

from dataclasses import dataclass
from typing import Final

GUILD: Final = "The Lantern Wardens"
POOL: Final = "DKP"


@dataclass(frozen=True, slots=True)
class Played:
    name: str
    character_class: str
    level: int = 60


@dataclass(frozen=True, slots=True)
class Person:
    """`keen` is the share of raids they come to; `bold` how much of their points they stake on one item."""

    user: str
    group: str
    main: Played
    alts: tuple[Played, ...] = ()
    keen: float = 0.6
    bold: float = 0.4
    leads: bool = False

    @property
    def shown(self) -> str:
        """What Discord shows."""
        return self.user.capitalize()


PEOPLE: Final = (
    Person("maelis", "officer", Played("Maelis", "Cleric"), (Played("Brindle", "Druid", 54),), 0.95, 0.3),
    Person("torvald", "officer", Played("Torvaldr", "Warrior"), (Played("Ungrim", "Rogue", 57),), 0.9, 0.5),
    Person("isolde", "officer", Played("Isoldra", "Enchanter"), (Played("Moth", "Bard", 52),), 0.85, 0.25),
    Person("fenwick", "recruiter", Played("Fenwick", "Bard"), (Played("Copperpot", "Shaman", 50),), 0.8, 0.35),
    Person(
        "quillan",
        "member",
        Played("Quillan", "Shadow Knight"),
        (Played("Dusk", "Necromancer", 55),),
        0.9,
        0.6,
        leads=True,
    ),
    Person("sable", "member", Played("Sablewing", "Rogue"), (Played("Pennywort", "Cleric", 51),), 0.85, 0.8),
    Person("hroth", "member", Played("Hrothgart", "Warrior"), (), 0.8, 0.7),
    Person("ysmay", "member", Played("Ysmay", "Wizard"), (Played("Ashfall", "Magician", 58),), 0.75, 0.55),
    Person("brannoc", "member", Played("Brannoc", "Paladin"), (Played("Wickerby", "Ranger", 53),), 0.75, 0.4),
    Person("nettle", "member", Played("Nettlesong", "Druid"), (), 0.7, 0.3),
    Person("cadoc", "member", Played("Cadocyn", "Monk"), (Played("Tallow", "Monk", 46),), 0.8, 0.65),
    Person("vesper", "member", Played("Vesperine", "Necromancer"), (), 0.65, 0.5),
    Person("odell", "member", Played("Odellio", "Cleric"), (Played("Ruckus", "Warrior", 52),), 0.7, 0.35),
    Person("perrin", "member", Played("Perrinth", "Ranger"), (), 0.6, 0.75),
    Person("gwyl", "member", Played("Gwylan", "Shaman"), (Played("Mirebone", "Shadow Knight", 55),), 0.7, 0.45),
    Person("tamsin", "member", Played("Tamsyn", "Magician"), (), 0.55, 0.5),
    Person("ulric", "member", Played("Ulricson", "Paladin", 59), (), 0.5, 0.45),
    Person("zephyra", "member", Played("Zephyra", "Wizard"), (Played("Lull", "Enchanter", 49),), 0.6, 0.6),
    Person("dorn", "member", Played("Dornik", "Monk", 58), (), 0.45, 0.7),
    Person("ember", "member", Played("Emberlyn", "Bard", 59), (), 0.55, 0.4),
    Person("kestrel", "member", Played("Kestrelle", "Ranger", 57), (), 0.4, 0.5),
    Person("rook", "member", Played("Rookwarden", "Rogue", 56), (), 0.4, 0.55),
    Person("larkin", "applicant", Played("Larkspurre", "Druid", 55), (), 0.35, 0.2),
    Person("bexley", "applicant", Played("Bexleigh", "Shaman", 52), (), 0.2, 0.2),
)
"""Twenty-four; the first owns the Discord server."""

VIEWERS: Final = ("quillan", "torvald", "sable", "hroth", "nettle", "larkin")
"""Who the page can look through: a raid leader, an officer, three members, an applicant."""

IN_VOICE: Final = ("quillan", "torvald", "sable", "hroth", "nettle", "ysmay", "cadoc", "brannoc", "rook", "vesper")
"""Who is in the raid's voice channel; one of them has not checked in, and the next tick credits her all the same."""

GROUPS: Final = (("officer", "Officer", 0xE0A458), ("recruiter", "Recruiter", 0x7FB685), ("member", "Warden", 0x6C9BD2),
                 ("applicant", "Applicant", 0x9AA0A6), ("raid_leader", "Raid Leader", 0xD1495B))  # fmt: skip
"""Role group or badge, the Discord role that stands for it, its colour."""

CHANNELS: Final = (("raid-night", "Raids, auctions and loot. Check in before you bid."), ("general", "Talk."),
                   ("officers", "The audit, and what Quartermaster asks officers."))  # fmt: skip


@dataclass(frozen=True, slots=True)
class Outing:
    """A kind of raid: what drops there, and the least a first bid is asked."""

    event: str
    points: int
    drops: tuple[tuple[str, int], ...]


OUTINGS: Final = (
    Outing("Temple of Veeshan", 15, (("Cloak of Silver Eyes", 40), ("Blade of the Long Watch", 60),
           ("Crown of Narandi's Heir", 50), ("Eye of the Dragon Lord", 80), ("Scalebound Tome", 30))),
    Outing("Plane of Growth", 10, (("Mask of the Verdant Court", 25), ("Tunare's Thorn", 45),
           ("Robe of Living Bark", 30), ("Ring of First Leaf", 20))),
    Outing("Kael Drakkel", 10, (("Gauntlets of the Storm Giant", 35), ("Kromzek War Banner", 15),
           ("Belt of Frozen Iron", 25), ("Spear of the Avatar", 70))),
)  # fmt: skip

TONIGHT: Final = OUTINGS[0]

CHATTER: Final = (
    (61, "nettle", "Cures are in group three's bags. Again."),
    (27, "sable", "Grats! There goes my Sunday."),
    (12, "ysmay", "That pull was a work of art, Cadoc."),
    (11, "cadoc", "Tell that to whoever took my five points."),
)
"""Minutes ago, who, what."""
