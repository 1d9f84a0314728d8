"""What an import will do and did, in words: counts, totals, proofs, and everything odd."""

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Final

from bot.kit.text import MESSAGE_TEXT, clip, points, safe, when
from cogs.moving.rules.document import FORMATS, Document, Odd
from cogs.moving.rules.plan import Plan

_POOLS_SHOWN: Final = 8
_NAMES_SHOWN: Final = 8


def preview(file_name: str, document: Document, plan: Plan, *, named: bool) -> str:
    """What the file is, what would come of it, what was proved and how much is odd. Fits a message."""
    how = "" if named else ", recognised by itself"
    of = f" of {when(document.taken_at, 'D')}" if document.taken_at else ""
    lines = [f"**{safe(clip(file_name, 60))}** is {FORMATS[document.format]}{of}{how}.", people_line(plan)]
    lines += _pool_lines(document, plan)
    lines.append(f"It makes {what_it_makes(document)}.")
    lines += [f"✔ {proof}" for proof in document.proofs]
    odd = oddities(document, plan)
    if odd:
        kinds = Counter(one.kind for one in odd)
        listed = " · ".join(f"{kind} {count:,}" for kind, count in kinds.most_common())
        lines.append(f"Odd, and kept as it is ({len(odd):,}): {listed}")
    return clip("\n".join(lines), MESSAGE_TEXT - 200)


def people_line(plan: Plan) -> str:
    """How many people, who of them is here, how many will wait for somebody to claim them."""
    characters = sum(len(one.characters) for one in plan.people)
    matched = plan.matched
    new = len(plan.people) - len(matched)
    line = f"{_count(len(plan.people), 'person', 'people')}, {_count(characters, 'new character', 'new characters')}."
    if matched:
        names = list(dict.fromkeys(safe(one.name) for one in matched))
        more = f" and {len(names) - _NAMES_SHOWN} more" if len(names) > _NAMES_SHOWN else ""
        verb = "is" if len(names) == 1 else "are"
        line += (
            f" {', '.join(names[:_NAMES_SHOWN])}{more} {verb} here already: what is theirs is added to what they have."
        )
    if new:
        line += f" {new:,} will wait without a Discord account until somebody claims or an officer links them."
    return line


def _pool_lines(document: Document, plan: Plan) -> Iterator[str]:
    for pool in document.pools[:_POOLS_SHOWN]:
        totals, goes = document.totals[pool.key], plan.pools[pool.key]
        sign = "−" if totals.adjusted < 0 else "+"
        parts = (
            f"{points(totals.earned)} earned − {points(totals.spent)} spent {sign} {points(abs(totals.adjusted))} other"
        )
        yield f"**{safe(goes.name)}**: {points(totals.balance)} ({parts})"
    if len(document.pools) > _POOLS_SHOWN:
        yield f"… and {len(document.pools) - _POOLS_SHOWN} more pools"


def what_it_makes(document: Document) -> str:
    """ "15,812 entries, 9,253 items, 24 raids with 96 ticks"."""
    parts = [_count(len(document.entries), "entry", "entries")]
    if document.awards:
        parts.append(_count(len(document.awards), "item", "items"))
    if document.raids:
        ticks = sum(len(raid.ticks) for raid in document.raids)
        parts.append(
            f"{_count(len(document.raids), 'raid', 'raids')} with {_count(ticks, 'tick', 'ticks')} for attendance"
        )
    return ", ".join(parts)


def oddities(document: Document, plan: Plan) -> Sequence[Odd]:
    return (*plan.odd, *document.odd)


def odd_list(odd: Sequence[Odd]) -> str:
    """Everything odd as a text file, kind by kind."""
    lines = []
    for kind in dict.fromkeys(one.kind for one in odd):
        same = [one.sentence.replace("\\", "") for one in odd if one.kind == kind]
        lines += [f"{kind} ({len(same)})", *(f"  {sentence}" for sentence in same), ""]
    return "\n".join(lines)


def odd_lines(odd: Sequence[Odd], room: int) -> str | None:
    """All of it as lines of a message, or None when it does not fit."""
    text = "\n".join(f"- {one.sentence}" for one in odd)
    return text if len(text) <= room else None


def _count(number: int, one: str, many: str) -> str:
    return f"{number:,} {one if number == 1 else many}"
