"""Who was there, from the files a game writes. Pure: bytes in (opened by `bot.uploads`), a frozen
`Reading` out.

    reading.py    which kind of file it is
    rosters.py    EverQuest's raid rosters, Zeal's raid ticks, lists of names
    guilds.py     guild dumps: who is where
    logs.py       EverQuest's logs: `/who` lists, calls of attendance, loot
    shapes.py     what all of them become

A line that is not understood is counted and shown, never guessed; a file without a single one that is understood is
refused. What people say to each other (tells, guild, group and officer channels) is dropped where it is read: no text
of it is kept, shown or stored. Who the names belong to is not known here.
"""

from cogs.raids.dumps.reading import read_file, read_pasted
from cogs.raids.dumps.rosters import LARGEST_ROSTER, MOST_PEOPLE
from cogs.raids.dumps.shapes import (
    Call,
    Dump,
    DumpEmpty,
    DumpLine,
    DumpTooLarge,
    LootLine,
    Reading,
    UnreadableDump,
    UnreadLine,
    Window,
)

__all__ = [
    "LARGEST_ROSTER",
    "MOST_PEOPLE",
    "Call",
    "Dump",
    "DumpEmpty",
    "DumpLine",
    "DumpTooLarge",
    "LootLine",
    "Reading",
    "UnreadLine",
    "UnreadableDump",
    "Window",
    "read_file",
    "read_pasted",
]
