"""Time zones as people name them: a city, a country, an abbreviation, or the tz database's own name."""

from collections.abc import Sequence
from datetime import datetime
from functools import cache
from typing import Final
from zoneinfo import ZoneInfo, available_timezones

from bot.kit.text import clip, safe
from bot.refusals import Refused
from bot.typed import name_key, near_names

COMMON: Final = (
    "America/Los_Angeles", "America/Denver", "America/Chicago", "America/New_York", "America/Sao_Paulo",
    "Europe/London", "Europe/Lisbon", "Europe/Berlin", "Europe/Paris", "Europe/Madrid", "Europe/Rome",
    "Europe/Stockholm", "Europe/Warsaw", "Europe/Helsinki", "Europe/Kyiv", "Europe/Istanbul", "Europe/Moscow",
    "Asia/Dubai", "Asia/Kolkata", "Asia/Singapore", "Asia/Shanghai", "Asia/Tokyo", "Australia/Perth",
    "Australia/Sydney", "UTC",
)  # fmt: skip
"""What the panel's select offers: Discord takes 25."""

BY_LANGUAGE: Final = {
    "en-US": "America/New_York", "en-GB": "Europe/London", "de": "Europe/Berlin", "fr": "Europe/Paris",
    "es-ES": "Europe/Madrid", "es-419": "America/Mexico_City", "pt-BR": "America/Sao_Paulo", "it": "Europe/Rome",
    "nl": "Europe/Amsterdam", "pl": "Europe/Warsaw", "ru": "Europe/Moscow", "uk": "Europe/Kyiv",
    "tr": "Europe/Istanbul", "sv-SE": "Europe/Stockholm", "da": "Europe/Copenhagen", "no": "Europe/Oslo",
    "fi": "Europe/Helsinki", "cs": "Europe/Prague", "hu": "Europe/Budapest", "ro": "Europe/Bucharest",
    "bg": "Europe/Sofia", "el": "Europe/Athens", "hr": "Europe/Zagreb", "lt": "Europe/Vilnius", "ja": "Asia/Tokyo",
    "ko": "Asia/Seoul", "zh-CN": "Asia/Shanghai", "zh-TW": "Asia/Taipei", "th": "Asia/Bangkok",
    "vi": "Asia/Ho_Chi_Minh", "hi": "Asia/Kolkata", "id": "Asia/Jakarta",
}  # fmt: skip
"""A person's Discord language, as a first guess that they are asked about."""

_ALSO: Final = {
    "gmt": "UTC", "z": "UTC", "server time": "UTC", "bst": "Europe/London", "uk": "Europe/London",
    "england": "Europe/London", "cest": "Europe/Berlin", "mez": "Europe/Berlin", "germany": "Europe/Berlin",
    "deutschland": "Europe/Berlin", "munich": "Europe/Berlin", "hamburg": "Europe/Berlin", "france": "Europe/Paris",
    "spain": "Europe/Madrid", "italy": "Europe/Rome", "netherlands": "Europe/Amsterdam", "sweden": "Europe/Stockholm",
    "poland": "Europe/Warsaw", "kiev": "Europe/Kyiv", "est": "America/New_York", "edt": "America/New_York",
    "et": "America/New_York", "eastern": "America/New_York", "cst": "America/Chicago", "cdt": "America/Chicago",
    "central": "America/Chicago", "mst": "America/Denver", "mdt": "America/Denver", "mountain": "America/Denver",
    "pst": "America/Los_Angeles", "pdt": "America/Los_Angeles", "pt": "America/Los_Angeles",
    "pacific": "America/Los_Angeles", "san francisco": "America/Los_Angeles", "seattle": "America/Los_Angeles",
    "boston": "America/New_York", "miami": "America/New_York", "texas": "America/Chicago",
    "dallas": "America/Chicago", "japan": "Asia/Tokyo", "china": "Asia/Shanghai", "beijing": "Asia/Shanghai",
    "india": "Asia/Kolkata", "korea": "Asia/Seoul", "jst": "Asia/Tokyo", "aest": "Australia/Sydney",
    "brazil": "America/Sao_Paulo", "utc": "UTC",
}  # fmt: skip
_REGIONS: Final = ("Africa", "America", "Asia", "Atlantic", "Australia", "Europe", "Indian", "Pacific", "Antarctica")


class NoSuchZone(Refused):
    """Nothing on earth by that name; `near` holds zones that look like it."""

    code = "settings.zone"


def get_zone(typed: str) -> str:
    """The zone somebody means, as zoneinfo names it: `berlin`, `New York`, `PST`, `europe/berlin`, `germany`.

    Abbreviations and countries stand for a city, whose clocks change in summer.
    """
    key = _key(typed)
    if (zone := _by_name().get(key) or _ALSO.get(key)) is not None:
        return zone
    near = [_by_name()[city] for city in near_names(key, _by_name(), 3)] if key else []
    near = list(dict.fromkeys(near))
    hint = f"did you mean {' or '.join(near)}?" if near else "type the nearest big city, like Berlin or New York."
    raise NoSuchZone(f"I know no time zone “{safe(clip(typed.strip(), 40))}”: {hint}", near=near)


def offered(typed: str) -> list[str]:
    """Zones for an autocomplete, best first: the one that is meant, then those that contain what was typed."""
    key = _key(typed)
    if not key:
        return list(COMMON)
    meant = [zone for zone in (_by_name().get(key), _ALSO.get(key)) if zone]
    starts = [zone for name, zone in _by_name().items() if name.startswith(key)]
    holds = [zone for name, zone in _by_name().items() if key in name]
    near = [_by_name()[name] for name in near_names(key, _by_name(), 5)] if len(starts) + len(holds) < 5 else []
    return list(dict.fromkeys((*meant, *starts, *holds, *near)))


def guess_zone(language: str) -> str:
    return BY_LANGUAGE.get(language, "UTC")


def clock_in(zone: str, now: datetime) -> str:
    """The hour there: `19:42`."""
    return now.astimezone(ZoneInfo(zone)).strftime("%H:%M")


def _key(typed: str) -> str:
    return name_key(typed.replace("_", " "))


@cache
def _by_name() -> dict[str, str]:
    """Zones by their cities' names, then by their full names; deprecated ones by the full name alone."""
    zones: Sequence[str] = sorted(available_timezones() - {"Factory", "localtime"}, key=lambda zone: (len(zone), zone))
    names: dict[str, str] = {}
    for zone in zones:
        region, _, city = zone.rpartition("/")
        if region.split("/")[0] in _REGIONS:
            names.setdefault(_key(city), zone)
    for zone in zones:
        names.setdefault(_key(zone), zone)
    return names
