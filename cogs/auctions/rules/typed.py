"""What people type of an auction's rules, for one auction or for the guild: read into what a row keeps, and back.

Each reader refuses in one sentence that says what to type instead.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from typing import Final
from urllib.parse import quote, urlsplit

from bot.kit.text import clip, points, safe
from bot.typed import Names, format_duration, is_off, name_key, parse_amount, parse_duration
from cogs.auctions.rules.starting import BadTerms
from cogs.auctions.rules.terms import TIES, Bidders, Tie

MOST_STEPS: Final = 8
MOST_MOVES: Final = 1000
LONGEST_SNIPE: Final = timedelta(minutes=10)
LONGEST_LINK: Final = 300
_SLOT: Final = "{item}"


def _quoted(typed: str) -> str:
    return f"“{safe(clip(typed.strip(), 40))}”"


# --- increments by price ----------------------------------------------------------------------------------------------

# A comma between two steps is none of a decimal: "50:5,100:10".
_STEP = re.compile(
    r"(?:from )?(\d{1,10}(?:[.,]\d{1,2})?) ?(?::| by) ?(\d{1,10}(?:\.\d{1,2}|,\d{1,2}(?!\d| ?(?::| by)))?)(?![\d.])",
    re.ASCII,
)


def parse_steps(typed: str, *, decimals: int) -> str:
    """`from 50 by 5, from 100 by 10` or `50:5 100:10` as the column keeps it, `50:5 100:10`; `off` is empty.

    Prices ascend, at most 8 of them; prices and increments are above 0, with the pool's decimals.
    """
    if is_off(typed):
        return ""
    text = name_key(typed)
    found = [(match[1], match[2]) for match in _STEP.finditer(text)]
    if not found or _STEP.sub("", text).strip(" ,;"):
        raise BadTerms(
            f"{_quoted(typed)} are no increments I can read: type them like from 50 by 5, from 100 by 10, or off."
        )
    if len(found) > MOST_STEPS:
        raise BadTerms(f"Increments have at most {MOST_STEPS} steps; these are {len(found)}.")
    steps = [
        (parse_amount(price, decimals=decimals), parse_amount(increment, decimals=decimals))
        for price, increment in found
    ]
    before = Decimal(0)
    for price, increment in steps:
        if increment <= 0:
            raise BadTerms(f"The increment from {points(price)} must be more than 0: type at least {_least(decimals)}.")
        if price <= before:
            raise BadTerms(
                f"The prices of increments go up from above {points(before)}, and {points(price)} comes after it: type "
                "them like 50:5 100:10."
            )
        before = price
    return " ".join(f"{points(price)}:{points(increment)}" for price, increment in steps)


def _least(decimals: int) -> str:
    return points(Decimal(1).scaleb(-decimals))


def read_steps(kept: str) -> tuple[tuple[Decimal, Decimal], ...]:
    """From the column: "50:5 100:10"."""
    pairs = (step.split(":") for step in kept.split())
    return tuple((Decimal(price), Decimal(increment)) for price, increment in pairs)


def steps_in_words(steps: Iterable[tuple[Decimal, Decimal]]) -> str:
    """`from 50 by 5, from 100 by 10`; `off` where the increment never changes. `parse_steps` reads it back."""
    return ", ".join(f"from {points(price)} by {points(step)}" for price, step in steps) or "off"


# --- the order of offers ----------------------------------------------------------------------------------------------

ORDERS: Final = (
    ", ".join(TIES),
    "amount, earliest",
    "amount, roll",
    "amount, attendance, earliest",
    "tier, amount, roll",
    "amount, wins, roll",
)
"""What guilds usually mean."""
_LAST: Final = (Tie.EARLIEST, Tie.ROLL)


def parse_ties(typed: str) -> str:
    """`tier, amount, attendance, earliest` as the column keeps it, with spaces.

    Each rule once, `amount` among them; earliest or roll is the last, and earliest is added where neither is typed.
    """
    words = re.findall(r"[^\s,;>]+", name_key(typed))
    known = list(Tie)
    unknown = [word for word in words if word not in known]
    if unknown or not words:
        what = _quoted(unknown[0]) if unknown else "Nothing"
        raise BadTerms(f"{what} orders no offers: type some of {', '.join(known)}, such as {', '.join(TIES)}.")
    ties = [Tie(word) for word in words]
    if twice := [tie for tie in ties if ties.count(tie) > 1]:
        raise BadTerms(f"Offers are ordered by {twice[0]} once: take one of the two out.")
    if Tie.AMOUNT not in ties:
        raise BadTerms(f"Offers must be ordered by amount too: type it among the others, such as {', '.join(TIES)}.")
    if any(tie in ties for tie in _LAST):
        if any(tie in ties[:-1] for tie in _LAST):
            raise BadTerms("Earliest or roll ends the order, and only one of them: nothing is equal after it.")
    else:
        ties.append(Tie.EARLIEST)
    return " ".join(ties)


def ties_in_words(kept: str) -> str:
    """`tier, amount, attendance, earliest`; `parse_ties` reads it back."""
    return ", ".join(kept.split())


# --- who may bid ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class WhoBids:
    bidders: Bidders
    role_id: int | None = None
    percent: int | None = None


_ROLE = re.compile(r"<@&(\d{1,20})>|(\d{1,20})", re.ASCII)
_PERCENT = re.compile(r"(?:at least )?(\d{1,3}) ?%(?: (?:30[- ]days? )?attendance)?", re.ASCII)


def parse_bidders(typed: str, roles: Mapping[int, str]) -> WhoBids:
    """`raid`, `members`, a role (its mention, id or name) or 30-day attendance of at least, `30%`.

    `roles` are the server's by id, without @everyone. Who has a role called raid or members mentions it.
    """
    key = name_key(typed)
    if key in ("raid", "the raid"):
        return WhoBids(Bidders.RAID)
    if key in ("members", "all members"):
        return WhoBids(Bidders.MEMBERS)
    if percent := _PERCENT.fullmatch(key):
        if not 1 <= int(percent[1]) <= 100:
            raise BadTerms("Bidders may be asked for 1 to 100 % attendance: type a number in between, such as 30%.")
        return WhoBids(Bidders.ATTENDANCE, percent=int(percent[1]))
    if (named := _ROLE.fullmatch(key)) and (role_id := int(named[1] or named[2])) in roles:
        return WhoBids(Bidders.ROLE, role_id)
    wanted = key.removeprefix("@")
    called = [role_id for role_id, name in roles.items() if name_key(name).removeprefix("@") == wanted]
    if len(called) > 1:
        raise BadTerms(f"{len(called)} roles are called {_quoted(typed)}: pick one from the list, or mention it.")
    if not called:
        near = [f"@{safe(name.removeprefix('@'))}" for name in Names(roles.values()).near(typed, 3)]
        offered = f"did you mean {' or '.join(near)}?" if near else "type raid, members, a role, or 30%."
        raise BadTerms(f"{_quoted(typed)} does not say who may bid: {offered}")
    return WhoBids(Bidders.ROLE, called[0])


# --- late bids --------------------------------------------------------------------------------------------------------


def parse_snipe(typed: str) -> int:
    """Seconds of the window, or of the extension, at most 10 minutes; `off`: late bids give no time."""
    if is_off(typed):
        return 0
    span = parse_duration(typed)
    if span > LONGEST_SNIPE:
        raise BadTerms(f"Late bids are about {format_duration(LONGEST_SNIPE)} at most: type a shorter time.")
    return int(span.total_seconds())


def check_moves(limit: int) -> int:
    if not 0 <= limit <= MOST_MOVES:
        raise BadTerms(f"Late bids may give time 0 to {MOST_MOVES} times.")
    return limit


# --- where an item is looked up ---------------------------------------------------------------------------------------

_ADDRESS = re.compile(r"[A-Za-z0-9\-._~:/?#@!$&'()*+,;=%]+")
_HOST = re.compile(r"[a-z0-9-]+(?:\.[a-z0-9-]+)+")


def parse_link(typed: str) -> str | None:
    """A site's address with `{item}` where the item's name goes; `off`: none.

    https alone, a host, no name or password in it, one `{item}` after the host, at most 300 characters.
    """
    link = typed.strip()
    if is_off(link):
        return None
    if (problem := _link_problem(link)) is not None:
        raise BadTerms(f"{problem}: type one like `https://www.example.com/search?q={_SLOT}`.")
    return link


def _link_problem(link: str) -> str | None:
    if len(link) > LONGEST_LINK:
        return f"A link has at most {LONGEST_LINK} characters, and this one {len(link)}"
    if not link.startswith("https://"):
        return "A link to an item site begins with `https://`"
    if link.count(_SLOT) != 1:
        return f"A link to an item site has `{_SLOT}` in it once, where the item's name goes"
    if not _ADDRESS.fullmatch(link.replace(_SLOT, "")):
        return "A link has no spaces, and nothing that addresses do not have"
    try:
        parts = urlsplit(link)
        host, _ = parts.hostname or "", parts.port
    except ValueError:
        return "The part of the link after `https://` is no site's name"
    if "@" in parts.netloc:
        return "A link has no user name and no password in it"
    if not _HOST.fullmatch(host):
        return f"A link needs a site's name before `{_SLOT}`"
    return None


def item_url(template: str, item_name: str) -> str:
    """Where an item is looked up; the name percent-encoded, and nothing that would end a link in a message."""
    address = template.replace("(", "%28").replace(")", "%29")
    return address.replace(_SLOT, quote(item_name, safe="", errors="replace"))
