"""EverQuest's logs: the `/who` lists, calls of attendance and loot in them; nothing else is so much as decoded.

A log grows for years and holds all that was ever said to its owner. Lines are told apart by how they begin; what
begins like none of ours is passed over as bytes. Of chat only the raid's is read, and only what has our delimiters.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Final

from bot.kit.text import clip
from cogs.raids.dumps.rosters import MOST_PEOPLE
from cogs.raids.dumps.shapes import (
    LONGEST_LINE_KEPT,
    Call,
    Dump,
    DumpLine,
    LootLine,
    Reading,
    UnreadableDump,
    UnreadLine,
    Window,
    content_hash,
    unread,
)
from cogs.raids.dumps.titles import class_of

NEAR_CALL: Final = timedelta(minutes=5)
"""A call names the list of people that is at most this far from it."""
MOST_MOMENTS: Final = 1000
MOST_LOOT: Final = 2000
_MOST_SHOWN: Final = 200
_LONGEST_LINE: Final = 600
_PREFIX: Final = 27
"""`[Sun Mar 17 23:18:28 2024] `"""
_ONE_LIST: Final = timedelta(seconds=5)
"""Without its heading, a line later than this belongs to another list."""
_LONGEST_PREFILTER: Final = timedelta(days=60)

_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_MONTH = {name.encode(): number for number, name in enumerate(_MONTHS, start=1)}
_LOGGED = re.compile(rb"\s*\[\w{3} \w{3} [ \d]\d \d\d:\d\d:\d\d \d{4}\]")


def is_log(file_name: str, head: bytes) -> bool:
    """Whether a file is called a log, or most lines of its beginning have a log's time in front."""
    lines = [line for line in head.split(b"\n") if line.strip()]
    logged = sum(_LOGGED.match(line) is not None for line in lines)
    return bool(lines) and (file_name.casefold().startswith("eqlog_") or 2 * logged >= len(lines))


def _decoded(line: bytes) -> str | None:
    """One line, in a file in which both encodings occur; None where it is neither."""
    for encoding in ("utf-8", "cp1252"):
        try:
            return line.decode(encoding)
        except UnicodeDecodeError:
            pass
    return None


# --- line by line -----------------------------------------------------------------------------------------------------

_OURS = (
    b"[", b" [", b" AFK", b"AFK ", b" <LINKDEAD>", b"<LINKDEAD>", b"* ", b" * ", b"--", b"Players ", b"Friends ",
    b"There is ", b"There are ", b"You tell your raid,", b"Your who request",
)  # fmt: skip
"""How the lines begin that are looked at; beside them what has one of the next two inside."""
_TO_THE_RAID, _AWARDED_TO = b" tells the raid,", b" has been awarded to "

_TAGS = r"(?:(?:LFG|AFK|TRADER|BUYER|LINKDEAD|<LINKDEAD>)\s*)*"
_PERSON = r"[^\W\d_][\w'’`]{0,39}"
_WHO = re.compile(
    rf"\s*(?P<marks>(?:(?:AFK|<LINKDEAD>|TRADER|BUYER|\*[^*\[]{{1,20}}\*)\s*)*)"
    rf"\[(?:(?P<hidden>ANONYMOUS)|(?P<level>\d{{1,3}}) (?P<class>[^\[\]]{{1,40}}))\]\s+(?P<name>{_PERSON})"
    rf"\s*(?:\([^()]{{1,30}}\))?\s*(?:<[^<>]{{1,64}}>)?\s*(?P<tail>{_TAGS})"
    rf"(?:ZONE:\s*(?P<zone>[^\[\]<>:]{{1,60}}?)\s*(?P<end>{_TAGS}))?"
)
_LIST_BEGINS = re.compile(r"(?:Players (?:on|in) EverQuest|Friends currently on EverQuest):\s*")
_LIST_ENDS = re.compile(r"There (?:is|are) (?P<count>\d{1,4}|no) players? in (?P<zone>[^.]{1,60}(?:\.[^.]+)*)\.\s*")
_EVERYWHERE = "EverQuest"
_IN_RAID = re.compile(rf"(?:{_PERSON} tells the raid,|You tell your raid,)\s+'(?P<said>.*)'\s*")
_DELIMITED = re.compile(r"\s*[:;]{2,}")
_BETWEEN = re.compile(r"[:;]{2,}")
_SPENT = re.compile(
    rf"\s*[:;]{{2,}}[:;.\s]*(?P<item>[^:;\s].*?)\s*[:;]{{2,}}[:;.\s]*(?P<name>{_PERSON})\s+"
    r"(?P<cost>\d{1,7}(?:[.,]\d{1,2})?)\s*(?:DKP|points?)?[\s_-]*SPENT\W*",
    re.IGNORECASE,
)
_ROT = re.compile(r"\s*[:;]{2,}[:;.\s]*(?P<item>[^:;\s].*?)\s*[:;]{2,}[:;.\s]*ROT\b.*", re.IGNORECASE)
_AWARDED = re.compile(
    rf"(?P<item>[^\"]{{2,100}}?) has been awarded to (?P<name>{_PERSON}) by (?P<how>the Master Looter|random roll)\.\s*"
)
_LOOTED = re.compile(
    rf"--(?P<name>{_PERSON}) (?:has|have) looted (?:\d+|an?|the) (?P<item>.{{2,100}}?)"
    r"(?: from .{1,80}?(?:'s corpse|corpse))?\.--\s*"
)
_CHATTED = re.compile(r", ?'")


@dataclass(slots=True)
class _List:
    """One `/who` while it is read."""

    at: datetime
    begun: bool
    """Whether its heading was seen; a log that was cut may begin in the middle of one."""
    people: list[tuple[DumpLine, str | None]] = field(default_factory=list)
    zone: str | None = None
    says: int | None = None
    ended: bool = False
    cut: bool = False
    call: str | None = None


class _Log:
    """What was found so far."""

    def __init__(self, owner: str, window: Window | None) -> None:
        self.owner, self.window = owner, window
        self.lists: list[_List] = []
        self.loot: list[LootLine] = []
        self.calls: list[Call] = []
        self.unread: list[UnreadLine] = []
        self.more_unread = 0
        self.open: _List | None = None
        self.too_many = False

    def take(self, number: int, raw: bytes, *, whole: bool) -> None:
        """A line that begins like one of ours; not `whole` where the file ends in it, perhaps in half a name."""
        at = time_of(raw)
        line = _decoded(raw.rstrip(b"\r"))
        if at is None or line is None or (self.window and not self.window[0] <= at <= self.window[1]):
            return
        body = line[_PREFIX:]
        if len(body) > _LONGEST_LINE:
            return
        if body.startswith("--"):
            if body.strip("- \t"):
                self._looted(number, at, body, line)
        elif said := _IN_RAID.fullmatch(body):
            self._said(number, at, said["said"], line)
        elif _LIST_BEGINS.fullmatch(body):
            self._begin(at, begun=True)
        elif ended := _LIST_ENDS.fullmatch(body):
            self._end(at, ended["count"], ended["zone"])
        elif body.startswith("Your who request was cut short"):
            if self.open is not None:
                self.open.cut = True
        elif body.lstrip().startswith(("[", "AFK", "<LINKDEAD>", "*")):
            self._person(number, at, body, line, whole=whole)
        elif (awarded := _AWARDED.fullmatch(body)) and not _CHATTED.search(body):
            how = "roll" if awarded["how"] == "random roll" else "given"
            self._add_loot(LootLine(at, how, awarded["item"].strip(), awarded["name"], None, number, _kept(line)))

    # --- /who ---------------------------------------------------------------------------------------------------------

    def _begin(self, at: datetime, *, begun: bool) -> _List:
        self._close()
        self.open = _List(at, begun)
        return self.open

    def _close(self) -> None:
        if self.open is not None and self.open.people:
            if len(self.lists) < MOST_MOMENTS:
                self.lists.append(self.open)
            else:
                self.too_many = True
        self.open = None

    def _end(self, at: datetime, count: str, zone: str) -> None:
        if self.open is None or at - self.open.at > _ONE_LIST or not count.isdigit():
            self._close()
            return
        self.open.says, self.open.ended = int(count), True
        self.open.zone = None if zone == _EVERYWHERE or " that match" in zone else zone
        self._close()

    def _person(self, number: int, at: datetime, body: str, line: str, *, whole: bool) -> None:
        here = self.open
        found = _WHO.fullmatch(body) if whole else None
        if here is None or abs(at - here.at) > _ONE_LIST:
            if found is None:
                return  # no list goes on here: it may be anything
            here = self._begin(at, begun=False)
        if found is None:
            self._leave(number, body)
            return
        if len(here.people) > MOST_PEOPLE:
            return
        marks = found["marks"] + found["tail"] + (found["end"] or "")
        person = DumpLine(
            found["name"],
            int(found["level"]) if found["level"] else None,
            class_of(found["class"]) if found["class"] else None,
            linkdead="LINKDEAD" in marks,
            anonymous=found["hidden"] is not None,
            text=_kept(line),
        )
        here.people.append((person, found["zone"]))

    # --- the raid's chat, and loot ------------------------------------------------------------------------------------

    def _said(self, number: int, at: datetime, said: str, line: str) -> None:
        if not _DELIMITED.match(said) and "dkpspent" not in said.casefold():
            return
        kept = _kept(line[:_PREFIX] + said)  # who said it is somebody else
        if spent := _SPENT.fullmatch(said):
            cost = Decimal(spent["cost"].replace(",", "."))
            self._add_loot(LootLine(at, "spent", spent["item"].strip(), spent["name"], cost, number, kept))
        elif rot := _ROT.fullmatch(said):
            self._add_loot(LootLine(at, "rot", rot["item"].strip(), "", None, number, kept))
        elif "attendance" in said.casefold():
            parts = [part.strip(" .") for part in _BETWEEN.split(said)]
            named = [part for part in parts if part and part.casefold() not in _PLAIN_CALLS]
            self.calls.append(Call(at, clip(named[-1], 60) if named else "Attendance"))
        else:
            self._leave(number, said)

    def _looted(self, number: int, at: datetime, body: str, line: str) -> None:
        found = _LOOTED.fullmatch(body)
        if found is None:
            return
        name = self.owner if found["name"] == "You" else found["name"]
        self._add_loot(LootLine(at, "looted", found["item"].strip(), name, None, number, _kept(line)))

    def _add_loot(self, loot: LootLine) -> None:
        if len(self.loot) < MOST_LOOT:
            self.loot.append(replace(loot, item=clip(loot.item, 100)))
        else:
            self.too_many = True

    def _leave(self, number: int, text: str) -> None:
        if len(self.unread) < _MOST_SHOWN:
            self.unread.append(unread(number, text))
        else:
            self.more_unread += 1

    # --- the end ------------------------------------------------------------------------------------------------------

    def name_lists(self) -> tuple[Call, ...]:
        """Give each list the call that is nearest to it, and say which calls are near none."""
        self._close()
        nearest: dict[int, Call] = {}
        lone: list[Call] = []
        for call in self.calls:
            near = [(abs(found.at - call.at), n) for n, found in enumerate(self.lists)]
            distance, number = min(near, default=(NEAR_CALL * 2, 0))
            if distance > NEAR_CALL:
                lone.append(call)
            elif number not in nearest or distance < abs(self.lists[number].at - nearest[number].at):
                nearest[number] = call
        for number, call in nearest.items():
            self.lists[number].call = call.name
        return tuple(lone)

    def notes(self) -> list[str]:
        notes = []
        for found in self.lists:
            when = f"{found.at:%H:%M:%S}"
            if found.says is not None and found.says != len(found.people):
                notes.append(f"The list of {when} counts {found.says} players, {len(found.people)} lines were read.")
            elif found.cut or not (found.begun and found.ended):
                notes.append(f"The list of {when} is cut short: people may be missing.")
        if self.too_many:
            notes.append(f"Only the first {MOST_MOMENTS:,} lists and {MOST_LOOT:,} items are read.")
        if self.more_unread:
            notes.append(f"{self.more_unread:,} more lines were not understood.")
        return notes


_PLAIN_CALLS = {"raid attendance taken", "attendance", "raid attendance", "attendance taken"}


def _kept(line: str) -> str:
    return clip(line.strip(), LONGEST_LINE_KEPT)


def time_of(raw: bytes) -> datetime | None:
    """The 27 bytes in front, read by hand: a library's reader takes ten times as long."""
    month = _MONTH.get(raw[5:8])
    if month is None or raw[:1] != b"[" or raw[25:27] != b"] ":
        return None
    try:
        return datetime(  # noqa: DTZ001 - the writer's own local time
            int(raw[21:25]), month, int(raw[9:11]), int(raw[12:14]), int(raw[15:17]), int(raw[18:20])
        )
    except ValueError:
        return None


# --- the whole file ---------------------------------------------------------------------------------------------------


def read_log(file_name: str, shown: str, pieces: Iterable[bytes], window: Window | None) -> Reading:
    """The moments and the loot of a log within the window; refuses one without any."""
    named = re.match(r"eqlog_(?P<owner>[A-Za-z]{1,30})_(?P<server>\w{1,30})", file_name, re.IGNORECASE)
    log = _Log(named["owner"].capitalize() if named else "", window)
    days = _days(window)
    number = outside = 0
    first = last = b""
    for block, ended in _whole_lines(pieces):
        first = first or block[:_PREFIX]
        last = block[block.rfind(b"\n") + 1 :] or last
        if days is not None and not any(day in block for day in days):
            count = block.count(b"\n") + 1
            number, outside = number + count, outside + count
            continue
        for raw in block.split(b"\n"):
            number += 1
            if days is not None and raw[:11] not in days:
                outside += 1
            elif raw.startswith(_OURS, _PREFIX) or _TO_THE_RAID in raw or _AWARDED_TO in raw:
                log.take(number, raw, whole=ended)
    lone = log.name_lists()
    moments = _moments(log, named["server"] if named else None)
    if not moments and not log.loot:
        raise UnreadableDump(
            f"{shown} {_nothing(first, last, window, outside, number)}", not_understood=len(log.unread)
        )
    return Reading(
        "log", file_name, moments, tuple(log.loot), lone, tuple(log.unread), number, outside, tuple(log.notes())
    )


def _whole_lines(pieces: Iterable[bytes]) -> Iterator[tuple[bytes, bool]]:
    """The pieces cut at line ends, the last newline taken off, and whether there was one.

    What is endless without one is let go.
    """
    rest = b""
    for piece in pieces:
        block = rest + piece
        end = block.rfind(b"\n")
        if end >= 0:
            yield block[:end], True
        rest = block[end + 1 :][: 64 * 1024]
    if rest:
        yield rest, False


def _days(window: Window | None) -> frozenset[bytes] | None:
    """How the lines of the window's days begin; None: every line is looked at."""
    if window is None or window[1] - window[0] > _LONGEST_PREFILTER:
        return None
    count = (window[1].date() - window[0].date()).days + 1
    dates = [window[0].date() + timedelta(days=n) for n in range(count)]
    return frozenset(
        f"[{_DAYS[day.weekday()]} {_MONTHS[day.month - 1]} {shown}".encode()
        for day in dates
        for shown in (f"{day.day:02}", f"{day.day:2}")
    )


def _moments(log: _Log, server: str | None) -> tuple[Dump, ...]:
    """A moment for each list; of one over several places, a moment for each place."""
    moments = []
    for found in log.lists:
        places: dict[str | None, list[DumpLine]] = {}
        for person, zone in found.people[:MOST_PEOPLE]:
            places.setdefault(zone or found.zone, []).append(person)
        for zone, people in places.items():
            hashed = content_hash(found.at, people, zone)
            moments.append(
                Dump("log", found.at, tuple(people), server=server, zone=zone, call=found.call, content_hash=hashed)
            )
    return tuple(moments)


def _nothing(first: bytes, last: bytes, window: Window | None, outside: int, lines: int) -> str:
    begins, ends = time_of(first), time_of(last)
    if window and outside == lines and begins and ends:
        return (
            f"is a log of {begins:%Y-%m-%d} to {ends:%Y-%m-%d} and has nothing of this raid's day: upload the log of"
            " that evening."
        )
    return "is a log without a /who list or loot around this raid: type /who at each tick, then upload it again."
