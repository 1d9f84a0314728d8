"""What happens to a character: renamed or levelled, retired, handed to somebody else. Points never move with it.

Rows that mention a character carry snapshots of it, so nothing of the past is rewritten here.
"""

from dataclasses import dataclass
from typing import Any

from sqlalchemy.exc import IntegrityError

from bot import audit, people
from bot.kit.text import safe
from bot.stage import Session, use_case
from bot.typed import name_key
from cogs.members import rules
from cogs.members.service.characters import check_room, ensure_main, is_own, lock_character, name_taken
from db.tables import Character, CharacterOwner


@dataclass(frozen=True, slots=True)
class CharacterEdited:
    name: str
    name_before: str
    character_class: str | None
    level: int | None

    def in_words(self) -> str:
        kind = " ".join(part for part in (safe(self.character_class or ""), str(self.level or "")) if part)
        what = f"It is **{safe(self.name)}**{f' ({kind})' if kind else ''} now."
        if self.name == self.name_before:
            return what
        return f"{what} What happened while it was {safe(self.name_before)} keeps saying so."


@use_case("characters.own")
async def edit_character(
    session: Session,
    character: str,
    name: str | None = None,
    character_class: str | None = None,
    level: int | str | None = None,
) -> CharacterEdited:
    """Rename a character, or change its class or level: the owner's own, or anybody's for an officer."""
    found, who = await lock_character(session, character)
    before = {"name": found.name, "class": found.character_class, "level": found.level}
    after = dict(before)
    if name is not None:
        after["name"] = rules.check_name(name)
    if character_class is not None:
        after["class"] = rules.check_class(character_class)
    if level is not None:
        after["level"] = rules.check_level(level)
    if after == before:
        raise rules.NothingChanges(f"{safe(found.name)} is written down so already: say a new name, class or level.")
    await _write(session, found, after)
    audit.record(
        session,
        "characters.edited",
        target_id=found.character_id,
        about=who.member_id,
        before={key: value for key, value in before.items() if value != after[key]},
        after={key: value for key, value in after.items() if value != before[key]} | {"name": after["name"]},
    )
    return CharacterEdited(found.name, str(before["name"]), found.character_class, found.level)


async def _write(session: Session, found: Character, after: dict[str, Any]) -> None:
    try:
        async with session.begin_nested():
            found.name, found.name_key = after["name"], name_key(after["name"])
            found.character_class, found.level = after["class"], after["level"]
    except IntegrityError:  # somebody has an active character of that name
        raise await name_taken(session, after["name"]) from None


@dataclass(frozen=True, slots=True)
class CharacterRetired:
    name: str
    owner: str
    own: bool
    was_main: bool
    main_now: str | None

    def in_words(self) -> str:
        whose, theirs = ("your", "You have") if self.own else (f"{safe(self.owner)}’s", f"{safe(self.owner)} has")
        done = f"**{safe(self.name)}** is retired, and the name is free again. Points and attendance stay."
        if not self.was_main:
            return done
        if self.main_now is None:
            return f"{done} {theirs} no main now: /character add brings one in."
        return f"{done} **{safe(self.main_now)}**, {whose} character for longest, is the main now."


@use_case("characters.own")
async def retire_character(session: Session, character: str) -> CharacterRetired:
    """Take a character out of play: the owner's own, or anybody's for an officer. History keeps it."""
    found, who = await lock_character(session, character)
    was_main = found.is_main
    found.retired_at, found.is_main = session.now, False
    await session.flush()
    main_now = await ensure_main(session, who.member_id) if was_main else None
    audit.record(
        session,
        "characters.retired",
        target_id=found.character_id,
        about=who.member_id,
        before={"name": found.name, "main": was_main},
        after={"main": main_now},
    )
    return CharacterRetired(found.name, who.display_name, is_own(session, who), was_main, main_now)


@dataclass(frozen=True, slots=True)
class CharacterTransferred:
    name: str
    giver: str
    receiver: str
    main_of_giver: str | None
    """The giver's next main, when their main went."""
    is_main: bool
    """It is the receiver's first, and so their main."""

    def in_words(self) -> str:
        lines = [
            f"**{safe(self.name)}** is {safe(self.receiver)}’s now, no longer {safe(self.giver)}’s."
            " Points, loot and attendance stay with who earned them."
        ]
        if self.is_main:
            lines.append(f"It is {safe(self.receiver)}’s main.")
        if self.main_of_giver:
            lines.append(f"{safe(self.giver)}’s main is {safe(self.main_of_giver)} now, theirs for longest.")
        return " ".join(lines)


@use_case("characters.manage")
async def transfer_character(session: Session, character: str, to: str, reason: str) -> CharacterTransferred:
    """Give a character another owner. Points stay; the receiver's first character is their main."""
    reason = rules.check_given_reason(reason)
    receiver = await people.get_person(session, to)
    found, giver = await lock_character(session, character, receiver.member_id)
    if giver.member_id == receiver.member_id:
        raise rules.NothingChanges(f"{safe(found.name)} is {safe(giver.display_name)}’s already.")
    if (why := people.why_nobody(receiver)) is not None:
        raise rules.NotLinkable(why)
    await check_room(session, receiver.member_id)
    was_main = await hand_over(session, found, receiver.member_id, reason)
    is_main = await ensure_main(session, receiver.member_id) == found.name
    main_of_giver = await ensure_main(session, giver.member_id) if was_main else None
    audit.record(
        session,
        "characters.transferred",
        target_id=found.character_id,
        about=receiver.member_id,
        before={"owner": giver.display_name},
        after={"name": found.name, "owner": receiver.display_name, "main": is_main},
        reason=reason,
    )
    return CharacterTransferred(found.name, giver.display_name, receiver.display_name, main_of_giver, is_main)


async def hand_over(session: Session, character: Character, receiver_id: int, reason: str) -> bool:
    """Write the new owner and the history row; whether it was the main of who had it. Both owners are locked."""
    was_main = character.is_main
    session.add(
        CharacterOwner(
            guild_id=session.guild_id,
            character_id=character.character_id,
            from_member_id=character.owner_member_id,
            to_member_id=receiver_id,
            reason=reason,
            by_user_id=session.actor.user_id or 0,
            at=session.now,
        )
    )
    character.owner_member_id, character.is_main = receiver_id, False
    await session.flush()
    return was_main
