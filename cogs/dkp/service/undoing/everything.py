"""Acts of every kind together: offered in words, found by what was typed, previewed, undone."""

import re
from collections.abc import Sequence
from itertools import chain, zip_longest

from bot.kit.text import CHOICE_NAME, clip, plain, safe
from bot.refusals import NotFound
from bot.registry import Choice, Undoable
from bot.stage import Session, use_case
from bot.typed import name_key, near_names
from cogs.dkp.rules import check_reason
from cogs.dkp.service.own_acts import tell_own_reversal

_PICKED = re.compile(r"([a-z_ ]{1,30}):#?(\d{1,18})")
_NUMBER = re.compile(r"#?(\d{1,18})")


async def recent_acts(session: Session, typed: str) -> list[Choice]:
    """Autocomplete over what can be undone, newest first; the kinds take turns, so that none hides another."""
    kinds = [
        [
            Choice(f"{kind} · {choice.label}", f"{kind}:{choice.value}")
            for choice in await undoable.recent(session, typed)
        ]
        for kind, undoable in session.stage.registry.undo.items()
    ]
    return [choice for choice in chain.from_iterable(zip_longest(*kinds)) if choice is not None]


async def _resolve(session: Session, what: str) -> tuple[Undoable, int, str]:
    """The act somebody means: picked from the list, an entry's number, or typed as the list shows it; and its words."""
    choices = await recent_acts(session, "")
    undo = session.stage.registry.undo
    if number := _NUMBER.fullmatch(what.strip()):
        what = f"entry:{number[1]}"
    if (picked := _PICKED.fullmatch(what.strip())) and picked[1] in undo:
        words = next((choice.label for choice in choices if choice.value == picked[0]), f"{picked[1]} {picked[2]}")
        return undo[picked[1]], int(picked[2]), words
    same = [choice for choice in choices if name_key(what) == name_key(clip(plain(choice.label), CHOICE_NAME))]
    if len(same) == 1:
        kind, _, act_id = same[0].value.partition(":")
        return undo[kind], int(act_id.lstrip("#")), same[0].label
    near = near_names(what, [choice.label for choice in choices], 3)
    raise NotFound("Pick what to undo from the list that appears while typing.", near=[safe(label) for label in near])


async def preview_undo(session: Session, what: str, reason: str) -> tuple[str, Sequence[str]]:
    """The act in words, and what follows from undoing it, a line each. Refuses what `undo` would refuse."""
    check_reason(reason)
    undoable, act_id, words = await _resolve(session, what)
    return safe(words), await undoable.preview(session, act_id)


@use_case("dkp.undo")
async def undo(session: Session, what: str, reason: str, here: int | None = None) -> str:
    """Reverse an act of any kind; says what was done. `here`: the channel it was typed in."""
    reason = check_reason(reason)
    undoable, act_id, _ = await _resolve(session, what)
    sentence = await undoable.undo(session, act_id, reason)
    await tell_own_reversal(session, sentence, reason, here)
    return sentence
