"""What people keep of themselves: `/me export` puts it in one file, `/me forget` takes their name off everything.

Every slice hands out and forgets its own (`bot.registry`). Here are the parts of this slice, and the two acts.
"""

import json
from datetime import datetime
from typing import Any

from sqlalchemy import String, cast, func, or_, select, text, update

from bot import audit, due, people, personal
from bot.kit.text import clip
from bot.stage import Session, use_case
from bot.typed import name_key
from cogs.dkp.service import ledger
from cogs.members import rules
from db.tables import (
    Account,
    Audit,
    Award,
    Batch,
    Bid,
    CapabilityGrant,
    Character,
    CharacterClaim,
    CharacterOwner,
    DataImport,
    DecayRun,
    DecaySchedule,
    EntryText,
    InteractionAnswer,
    LedgerEntry,
    Member,
    MemberLink,
    Outbox,
    Raid,
    RaidClaim,
    RaidMember,
    Stay,
    Tick,
    TickCredit,
    Transfer,
)

# --- handing out ------------------------------------------------------------------------------------------------------


async def export_me(session: Session) -> dict[str, Any]:
    """Everything kept about the acting person, by section, with the rows they absorbed."""
    ids = await people.ids_of(session, session.member.member_id)
    parts = {name: await export(session, ids) for name, export in sorted(session.stage.registry.exports.items())}
    return {"guild": session.guild.name, "made_at": session.now, **parts}


def as_file(everything: dict[str, Any]) -> bytes:
    """One JSON file, read by people and programs."""
    return json.dumps(everything, ensure_ascii=False, indent=1, default=_plain).encode()


def _plain(value: Any) -> str:
    return value.isoformat() if isinstance(value, datetime) else str(value)


async def export_person(session: Session, member_ids: list[int]) -> list[dict[str, Any]]:
    query = (
        select(
            Member.member_id,
            Member.discord_user_id,
            Member.display_name,
            Member.role_group,
            Member.joined_at,
            Member.left_at,
            Member.became_member_at,
            Member.last_credit_at,
            Member.timezone,
            Member.muted,
            Member.wanted,
            Member.pinged,
        )
        .where(Member.guild_id == session.guild_id, Member.member_id.in_(member_ids))
        .order_by(Member.member_id)
    )
    return await personal.rows(session, query)


async def export_stays(session: Session, member_ids: list[int]) -> list[dict[str, Any]]:
    query = select(Stay.started_at, Stay.ended_at).where(
        Stay.guild_id == session.guild_id, Stay.member_id.in_(member_ids)
    )
    return await personal.rows(session, query.order_by(Stay.stay_id))


async def export_characters(session: Session, member_ids: list[int]) -> list[dict[str, Any]]:
    query = (
        select(
            Character.character_id,
            Character.name,
            Character.character_class,
            Character.level,
            Character.is_main,
            Character.created_at,
            Character.retired_at,
        )
        .where(Character.guild_id == session.guild_id, Character.owner_member_id.in_(member_ids))
        .order_by(Character.character_id)
    )
    return await personal.rows(session, query)


async def export_ownership(session: Session, member_ids: list[int]) -> list[dict[str, Any]]:
    """When a character became or ceased to be theirs; not who the other was."""
    query = (
        select(
            CharacterOwner.character_id,
            CharacterOwner.at,
            CharacterOwner.to_member_id.in_(member_ids).label("became_theirs"),
            CharacterOwner.reason,
        )
        .where(
            CharacterOwner.guild_id == session.guild_id,
            or_(CharacterOwner.from_member_id.in_(member_ids), CharacterOwner.to_member_id.in_(member_ids)),
        )
        .order_by(CharacterOwner.character_owner_id)
    )
    return await personal.rows(session, query)


async def export_claims(session: Session, member_ids: list[int]) -> list[dict[str, Any]]:
    query = (
        select(Character.name.label("character"), CharacterClaim.status, CharacterClaim.made_at)
        .join(
            Character,
            (Character.guild_id == CharacterClaim.guild_id) & (Character.character_id == CharacterClaim.character_id),
        )
        .where(CharacterClaim.guild_id == session.guild_id, CharacterClaim.member_id.in_(member_ids))
        .order_by(CharacterClaim.character_claim_id)
    )
    return await personal.rows(session, query)


EXPORTS = {
    "person": export_person,
    "stays": export_stays,
    "characters": export_characters,
    "character owners": export_ownership,
    "character claims": export_claims,
}


# --- forgetting -------------------------------------------------------------------------------------------------------


def what_stays(member_id: int) -> str:
    """What is asked before, in plain words."""
    return (
        "**Forget you?** I take your Discord account, your name and your characters’ names off everything I keep,"
        " and delete what I wrote to you. It cannot be undone, and your points cannot be got back.\n"
        f"What stays: an anonymous row “Forgotten {member_id}” with the sums; your Discord number in ledger entries you"
        " made yourself (as an officer, or by giving points); what officers wrote about others in their own words;"
        " and messages that stand in Discord already.\n"
        "While you are in this server I will meet you again, as somebody new, without start points."
    )


async def check_forgettable(session: Session) -> str:
    """What forgetting the acting person would leave; refuses what `forget_me` would refuse."""
    for refuse in session.stage.registry.forget_refusals:
        if (sentence := await refuse(session, session.member)) is not None:
            raise rules.NotForgettable(sentence)
    return what_stays(session.member.member_id)


@use_case("me.own")
async def forget_me(session: Session) -> str:
    """Take the acting person's names off everything, theirs and their absorbed rows'. Sums stay; nothing is undone."""
    me = session.member
    ids = await people.ids_of(session, me.member_id)
    await _lock_acts(session, ids, await personal.users_of(session, ids))
    rows = select(Member).where(Member.guild_id == session.guild_id, Member.member_id.in_(ids))
    await session.execute(rows.order_by(Member.member_id).with_for_update(key_share=True))
    keys = select(Account.pool_id, Account.member_id).where(
        Account.guild_id == session.guild_id, Account.member_id.in_(ids)
    )
    # Bids lock the bidder's account: what is held is settled now.
    await ledger.lock_accounts(session, [(row[0], row[1]) for row in await session.execute(keys)], made=True)
    await check_forgettable(session)
    users = await personal.users_of(session, ids)
    names = await _names(session, ids)
    scrubber = personal.Scrubber(names, users)
    for forget in session.stage.registry.forget:
        await forget(session, ids)
    await _forget_characters(session, ids)
    await _forget_words(session, scrubber, users)
    audit.record(session, "members.forgotten", target_id=me.member_id, about=me.member_id)
    await session.flush()
    await session.execute(
        text("SELECT forget_person(:ids, :user_id, :names)"),
        {"ids": ids, "user_id": me.discord_user_id, "names": names},
    )
    members = list((await session.execute(rows.execution_options(populate_existing=True))).scalars())
    for member in members:
        name = f"Forgotten {member.member_id}"
        member.discord_user_id, member.display_name, member.name_key = None, name, name_key(name)
        member.data_import_id = None  # an undone import leaves rows that look alike but for this: `people.is_forgotten`
        member.role_group, member.timezone = "guest", None
        member.muted, member.wanted, member.pinged = [], [], False
        member.left_at = session.now
        member.openings_settled_at = member.openings_settled_at or session.now
    await due.schedule(session, "member.left", me.member_id, session.now)
    return f"Done. What is left of you here is “Forgotten {me.member_id}”, with the sums and no name."


async def _lock_acts(session: Session, ids: list[int], users: list[int]) -> None:
    """Everything of theirs that somebody may hold who waits for their account: the acts, in the one order, before it.

    Who takes a tick, accepts a claim or undoes something locks such a row first; we would wait for it, and they for us.
    """
    theirs = select(RaidMember.raid_id).where(RaidMember.guild_id == session.guild_id, RaidMember.member_id.in_(ids))
    claimed = select(RaidClaim.raid_id).where(RaidClaim.guild_id == session.guild_id, RaidClaim.member_id.in_(ids))
    taken = select(Tick.raid_id).where(Tick.guild_id == session.guild_id, Tick.taken_by_user_id.in_(users))
    led = or_(Raid.started_by_user_id.in_(users), Raid.raid_id.in_(theirs.union(claimed, taken)))
    acts = (
        (DataImport.data_import_id, DataImport.imported_by_user_id.in_(users)),
        (CharacterClaim.character_claim_id, CharacterClaim.member_id.in_(ids)),
        (Raid.raid_id, led),
        (Award.award_id, or_(Award.member_id.in_(ids), Award.awarded_by_user_id.in_(users))),
        (Batch.batch_id, Batch.made_by_user_id.in_(users)),
        (Transfer.transfer_id, or_(Transfer.from_member_id.in_(ids), Transfer.to_member_id.in_(ids))),
        (DecaySchedule.pool_id, DecaySchedule.set_by_user_id.in_(users)),
        (DecayRun.decay_run_id, DecayRun.run_by_user_id.in_(users)),
        (MemberLink.member_link_id, or_(MemberLink.from_member_id.in_(ids), MemberLink.to_member_id.in_(ids))),
    )
    for key, is_theirs in acts:
        query = select(key).where(key.class_.guild_id == session.guild_id, is_theirs).order_by(key)
        await session.execute(query.with_for_update(key_share=True))


async def _names(session: Session, ids: list[int]) -> list[str]:
    """Every name these people went by in what is kept, but for those somebody else's character has now."""
    guild_id = session.guild_id
    entries = select(LedgerEntry.entry_id).where(LedgerEntry.guild_id == guild_id, LedgerEntry.member_id.in_(ids))
    places = [
        select(Member.display_name).where(Member.guild_id == guild_id, Member.member_id.in_(ids)),
        select(Character.name).where(Character.guild_id == guild_id, Character.owner_member_id.in_(ids)),
        *(
            select(column).where(EntryText.guild_id == guild_id, EntryText.entry_id.in_(entries))
            for column in (EntryText.member_name, EntryText.character_name)
        ),
        *(
            select(column).where(column.class_.guild_id == guild_id, column.class_.member_id.in_(ids))
            for column in (
                TickCredit.character_name,
                RaidMember.character_name,
                Bid.member_name,
                Bid.character_name,
                Award.member_name,
                Award.character_name,
            )
        ),
    ]
    played = select(Character.character_id).where(Character.guild_id == guild_id, Character.owner_member_id.in_(ids))
    renames = (Audit.guild_id == guild_id, Audit.action == "characters.edited", Audit.target_id.in_(played))
    places += [select(side["name"].astext).where(*renames) for side in (Audit.before, Audit.after)]
    found = {name for query in places for name in (await session.execute(query.distinct())).scalars() if name}
    others = select(Character.name_key).where(
        Character.guild_id == guild_id, Character.owner_member_id.not_in(ids), Character.retired_at.is_(None)
    )
    taken = set((await session.execute(others)).scalars())
    return sorted(name for name in found if name_key(name) not in taken)


async def _forget_characters(session: Session, ids: list[int]) -> None:
    """Characters are retired under no name, stays and open claims end, and nobody is named as who did something."""
    guild_id, quiet = session.guild_id, {"synchronize_session": False}
    anonymous = func.concat("Forgotten ", cast(Character.character_id, String))
    characters = update(Character).where(Character.guild_id == guild_id, Character.owner_member_id.in_(ids))
    nobody = {"name": anonymous, "name_key": func.lower(anonymous), "character_class": None, "level": None}
    retired = func.coalesce(Character.retired_at, session.now)
    await session.execute(characters.values(**nobody, is_main=False, retired_at=retired).execution_options(**quiet))
    owned = update(CharacterOwner).where(
        CharacterOwner.guild_id == guild_id,
        or_(CharacterOwner.from_member_id.in_(ids), CharacterOwner.to_member_id.in_(ids)),
    )
    await session.execute(owned.values(reason=None).execution_options(**quiet))
    links = update(MemberLink).where(
        MemberLink.guild_id == guild_id, or_(MemberLink.from_member_id.in_(ids), MemberLink.to_member_id.in_(ids))
    )
    await session.execute(links.values(reason=personal.NO_WORDS, undone_reason=None).execution_options(**quiet))
    claims = (
        update(CharacterClaim)
        .where(
            CharacterClaim.guild_id == guild_id,
            CharacterClaim.member_id.in_(ids),
            CharacterClaim.status == "open",
        )
        .values(status="refused", decided_at=session.now)
        .returning(CharacterClaim.character_claim_id)
    )
    for claim_id in (await session.execute(claims.execution_options(**quiet))).scalars():
        session.redraw("character_claim", claim_id)
    stays = update(Stay).where(Stay.guild_id == guild_id, Stay.member_id.in_(ids), Stay.ended_at.is_(None))
    await session.execute(stays.values(ended_at=session.now).execution_options(**quiet))
    await personal.unsign(
        session,
        ids,
        CharacterOwner.by_user_id,
        MemberLink.linked_by_user_id,
        CharacterClaim.decided_by_user_id,
        CapabilityGrant.granted_by_user_id,
    )


async def _forget_words(session: Session, scrubber: personal.Scrubber, users: list[int]) -> None:
    """Messages to them go; in other messages and first answers their name does, so that both still do their work."""
    letters = select(Outbox).where(Outbox.guild_id == session.guild_id)
    named = or_(
        Outbox.user_id.in_(users),
        *(func.strpos(Outbox.content, word) > 0 for word in scrubber.texts),
        *(cast(Outbox.mention_user_ids, String).contains(str(user_id)) for user_id in users),
    )
    for letter in (await session.execute(letters.where(named))).scalars():
        if letter.user_id in users:
            await session.delete(letter)
            continue
        letter.content = scrubber.words(letter.content)
        letter.mention_user_ids = [user_id for user_id in letter.mention_user_ids if user_id not in users]
    answers = select(InteractionAnswer).where(InteractionAnswer.guild_id == session.guild_id)
    said = cast(InteractionAnswer.answer, String)
    spelt = [json.dumps(word, ensure_ascii=False)[1:-1] for word in scrubber.texts]
    naming = answers.where(or_(*(func.strpos(said, word) > 0 for word in spelt)))
    for answer in (await session.execute(naming)).scalars():
        answer.answer = scrubber.value(answer.answer)


def summary_of(everything: dict[str, Any]) -> str:
    """What the file holds, in a line a section."""
    counts = {name: len(part) for name, part in everything.items() if isinstance(part, list)}
    lines = [f"{name}: {count} {'row' if count == 1 else 'rows'}" for name, count in counts.items() if count]
    return clip("Everything I keep about you is in this file.\n" + "\n".join(lines), 1500)
