"""Reading a log: MB and lines a second, of one evening of a year and of all; and how long the event loop waits."""

import asyncio
import gzip
import time
from collections.abc import Iterator
from datetime import datetime, timedelta

from cogs.raids.dumps import Reading, Window, read_file
from db.embedded import EmbeddedPostgres

MEGABYTES = 60
NAME = "eqlog_Anna_xegony.txt"
BEGINS = datetime.fromisoformat("2026-01-01 20:00:00")
_FIGHT = (
    "a turtle hits YOU for 12 points of damage.",
    "Anna slashes a turtle for 113 points of damage.",
    "Bob tells you, 'are you coming tonight?'",
    "Zed tells the raid,  'next pull in ten seconds'",
    "You have gained experience!",
    "Bob says out of character, 'selling a fine steel dagger'",
    "--You have looted a Bloodstained Key.--",
)


async def run(server: EmbeddedPostgres) -> None:
    del server
    content = _log(MEGABYTES * 1024**2)
    lines = content.count(b"\n")
    print(f"a log of {len(content) / 1024**2:.0f} MB, {lines:,} lines")
    evening = (BEGINS + timedelta(days=100, hours=-12), BEGINS + timedelta(days=100, hours=24))
    packed = gzip.compress(content, 6)
    await _time("one evening of it, gzipped", packed, evening, len(content), lines)
    await _time("every line of it, gzipped", packed, None, len(content), lines)
    plain = content[: 24 * 1024**2]
    await _time("every line of 24 MB, plain", plain, None, len(plain), plain.count(b"\n"))


async def _time(what: str, given: bytes, window: Window | None, size: int, lines: int) -> None:
    longest = 0.0

    async def watch() -> None:
        nonlocal longest
        while True:
            began = time.perf_counter()
            await asyncio.sleep(0.001)
            longest = max(longest, time.perf_counter() - began)

    watching = asyncio.create_task(watch())
    began = time.perf_counter()
    reading: Reading = await asyncio.to_thread(read_file, NAME, given, window)
    took = time.perf_counter() - began
    watching.cancel()
    print(
        f"{what:27} {took:6.2f} s, {size / 1024**2 / took:7,.0f} MB/s, {lines / took:12,.0f} lines/s,"
        f" {len(reading.moments)} lists, loop held up {longest * 1e3:.0f} ms at most"
    )


def _log(size: int) -> bytes:
    """A year of evenings of fights and chat, with a `/who` of 50 people each half hour."""
    parts = []
    written = 0
    each = size // 365
    for day in range(365):
        evening = "".join(_evening(BEGINS + timedelta(days=day), each)).encode()
        parts.append(evening)
        written += len(evening)
    return b"".join(parts)


def _evening(begins: datetime, size: int) -> Iterator[str]:
    written = second = 0
    letters = "abcdefghijklmnopqrstuvwxyz"
    people = [f"[60 Warrior] Raider{letters[n // 26]}{letters[n % 26]} (Human) <Wolf Pack>" for n in range(50)]
    who = ["Players on EverQuest:", "-" * 27, *people, "There are 50 players in Plane of Fear."]
    while written < size:
        at = f"[{begins + timedelta(seconds=second // 4):%a %b %d %H:%M:%S %Y}] "
        bodies = who if second % 7200 == 0 else [_FIGHT[second % len(_FIGHT)]]
        second += 1
        for body in bodies:
            written += len(at) + len(body) + 2
            yield f"{at}{body}\r\n"
