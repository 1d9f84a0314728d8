"""Claims on a real database: made, accepted, refused, lapsed; what they pay, and what refuses them."""

from datetime import timedelta

import pytest
from discord.ui import TextDisplay
from sqlalchemy import select, update

from bot import due
from bot.personal import NO_WORDS
from bot.refusals import Refused
from bot.stage import Actor, Stage
from cogs.raids import jobs
from cogs.raids.rules.claims import (
    AlreadyClaimed,
    ClaimDecided,
    ClaimTooLate,
    CreditedAlready,
    NothingToClaim,
    OwnClaim,
)
from cogs.raids.service import checking, claims, evening, imports, personal, roster, ticks, undo
from cogs.raids.views.claims import board
from db.tables import Audit, Board, DueJob, LedgerEntry, Member, Outbox, RaidClaim, RaidMember, Tick, TickCredit
from tests.conftest import person
from tests.services.test_raids.scene import (
    ANNA,
    BERT,
    CHANNEL,
    LEAD,
    adds_up,
    balance,
    begin,
    known,
    look,
    map_roles,
    read,
    roster_file,
    standing,
    write,
)

VERA = person(101, "Vera", manage_guild=True)


@pytest.fixture(autouse=True)
def handlers(stage: Stage) -> None:
    stage.registry.due[claims.LAPSE] = jobs.claim_lapsed


async def tick(stage: Stage, raid: int, clock) -> int:
    clock.move(minutes=10)
    return (await ticks.take_tick(stage, LEAD, raid)).tick_id


async def make(stage: Stage, who: Actor = ANNA, **more) -> int:
    return (await claims.make_claim(stage, who, "zoning at the dump", channel_id=CHANNEL, **more)).raid_claim_id


async def told(stage: Stage) -> list[str]:
    query = select(Outbox.content).where(Outbox.nonce.like("raidclaim%")).order_by(Outbox.outbox_id)
    return await read(stage, query)


async def status(stage: Stage) -> list[str]:
    return await read(stage, select(RaidClaim.status).order_by(RaidClaim.raid_claim_id))


async def test_an_accepted_claim_credits_the_ticks_so_far_and_tells_the_member(stage, clock, raid):
    first, second = await tick(stage, raid, clock), await tick(stage, raid, clock)
    claim_id = await make(stage)
    later = await tick(stage, raid, clock)
    shown = await stage.run(LEAD, lambda session: claims.load_claim(session, claim_id))
    assert (shown.name, shown.tick_numbers, shown.worth, shown.note) == ("Anna", (1, 2), 20, "zoning at the dump")
    done = await claims.accept_claim(stage, LEAD, claim_id)
    assert (done.tick_numbers, done.total) == ((1, 2), 20)
    assert await balance(stage, ANNA) == 20
    credits = await read(stage, select(TickCredit).order_by(TickCredit.tick_id))
    assert [(c.tick_id, c.evidence, c.standby) for c in credits] == [(first, "claim", False), (second, "claim", False)]
    assert later not in {credit.tick_id for credit in credits}
    [notice] = await read(stage, select(Outbox).where(Outbox.nonce == f"raidclaim{claim_id}"))
    assert (notice.user_id, notice.channel_id) == (1, CHANNEL)
    assert "was accepted by Lead: ticks 1 and 2, 20 points." in notice.content
    [board] = await read(stage, select(Board).where(Board.kind == "raid_claim"))
    assert (board.subject_id, board.channel_id) == (claim_id, CHANNEL)
    after = await stage.run(LEAD, lambda session: claims.load_claim(session, claim_id))
    assert (after.status, after.decided_by, after.tick_numbers) == ("accepted", "Lead", (1, 2))
    await adds_up(stage)
    assert await stage.run(LEAD, checking.doctor) == []


async def test_one_tick_may_be_claimed_by_number_or_by_picking_it(stage, clock, raid):
    await tick(stage, raid, clock)
    second = await tick(stage, raid, clock)
    await claims.accept_claim(stage, LEAD, await make(stage, tick="2"))
    await claims.accept_claim(stage, LEAD, await make(stage, BERT, tick=f"#{second}"))
    assert (await balance(stage, ANNA), await balance(stage, BERT)) == (10, 10)
    assert await read(stage, select(TickCredit.tick_id)) == [second, second]
    with pytest.raises(Refused, match="has no such tick"):
        await make(stage, person(3, "Carl"), tick="7")


async def test_a_claim_takes_a_seat_so_that_later_ticks_credit_them_too(stage, clock, raid):
    await map_roles(stage)
    await known(stage, ANNA)
    await write(stage, update(Member).where(Member.discord_user_id == 1).values(role_group="applicant"))
    await tick(stage, raid, clock)
    await claims.accept_claim(stage, LEAD, await make(stage))
    assert standing(await look(stage, raid)) == {"Anna": "present"}
    await tick(stage, raid, clock)
    assert await balance(stage, ANNA) == 20, "an applicant, but a leader let them in"


async def test_a_leaders_word_counts_for_who_was_removed_and_leaves_them_removed(stage, clock, raid):
    await roster.check_in(stage, ANNA, raid)
    anna = await known(stage, ANNA)
    await roster.remove(stage, LEAD, raid, anna)
    await tick(stage, raid, clock)
    await claims.accept_claim(stage, LEAD, await make(stage))
    assert await balance(stage, ANNA) == 10
    assert await read(stage, select(RaidMember.status)) == ["removed"]


async def test_a_refused_claim_pays_nothing_and_says_why(stage, clock, raid):
    await tick(stage, raid, clock)
    claim_id = await make(stage)
    await claims.refuse_claim(stage, LEAD, claim_id, "you were in *Kael*.")
    assert await balance(stage, ANNA) == 0
    [notice] = await told(stage)
    assert "was refused by Lead: you were in \\*Kael\\*." in notice
    with pytest.raises(ClaimDecided, match="was refused already by Lead"):
        await claims.accept_claim(stage, VERA, claim_id)
    await claims.refuse_claim(stage, VERA, await make(stage))
    assert "was refused by Vera. If you see it otherwise" in (await told(stage))[1]


async def test_a_claim_lapses_after_72_hours_and_once(stage, clock, raid):
    await tick(stage, raid, clock)
    claim_id = await make(stage)
    clock.move(hours=71, minutes=59)
    assert await due.run_once(stage) == 0
    clock.move(minutes=1)
    with pytest.raises(ClaimDecided, match="lapsed after 72 hours"):
        await claims.accept_claim(stage, LEAD, claim_id)
    assert await status(stage) == ["open"]
    assert await due.run_once(stage) == 1
    assert not await claims.lapse_claim(stage, Actor.itself(1), claim_id)
    assert await status(stage) == ["lapsed"]
    [notice] = await told(stage)
    assert "lapsed: nobody answered it within 72 hours" in notice
    assert await balance(stage, ANNA) == 0


async def test_a_decided_claim_does_not_lapse(stage, clock, raid):
    await tick(stage, raid, clock)
    await claims.accept_claim(stage, LEAD, await make(stage))
    assert await read(stage, select(DueJob.done_at).where(DueJob.kind == claims.LAPSE)) != [None]
    clock.move(hours=80)
    await due.run_once(stage)
    assert await status(stage) == ["accepted"]


async def test_nobody_decides_their_own_claim(stage, clock, raid):
    await tick(stage, raid, clock)
    claim_id = await make(stage, LEAD)
    for decide in (claims.accept_claim, claims.refuse_claim):
        with pytest.raises(OwnClaim):
            await decide(stage, LEAD, claim_id)
    with pytest.raises(OwnClaim):
        await stage.read(LEAD, "raids.manage", lambda session: claims.check_open(session, claim_id))
    assert await status(stage) == ["open"]
    await claims.accept_claim(stage, VERA, claim_id)
    assert await balance(stage, LEAD) == 10


async def test_one_open_claim_a_person_and_raid(stage, clock, raid):
    await tick(stage, raid, clock)
    claim_id = await make(stage)
    with pytest.raises(AlreadyClaimed):
        await make(stage)
    await make(stage, BERT)
    await claims.refuse_claim(stage, LEAD, claim_id)
    await make(stage)
    assert await status(stage) == ["refused", "open", "open"]


async def test_what_cannot_be_claimed_is_refused(stage, clock, raid):
    with pytest.raises(NothingToClaim, match="no tick yet"):
        await make(stage)
    await roster.check_in(stage, ANNA, raid)
    first = await tick(stage, raid, clock)
    with pytest.raises(CreditedAlready):
        await make(stage)
    await undo.undo_tick(stage, LEAD, first, "wrong raid")
    with pytest.raises(NothingToClaim, match="was undone"):
        await make(stage, BERT, tick="1")
    await tick(stage, raid, clock)
    await evening.end_raid(stage, LEAD, raid)
    clock.move(hours=72)
    await make(stage, BERT)
    clock.move(seconds=1)
    with pytest.raises(ClaimTooLate, match="none ended in the last 72 hours"):
        await make(stage, person(3, "Carl"))
    with pytest.raises(ClaimTooLate, match="ended more than 72 hours ago"):
        await make(stage, person(3, "Carl"), raid="temple of veeshan")


async def test_without_a_raid_the_one_that_ended_last_is_meant(stage, clock, raid):
    await tick(stage, raid, clock)
    await evening.end_raid(stage, LEAD, raid)
    clock.move(hours=1)
    other = (await begin(stage, event="Kael")).raid_id
    await tick(stage, other, clock)
    await evening.end_raid(stage, LEAD, other)
    await make(stage)
    assert await read(stage, select(RaidClaim.raid_id)) == [other]


async def test_a_cancelled_raid_pays_no_claim_and_ends_those_that_are_open(stage, clock, raid):
    await tick(stage, raid, clock)
    claim_id = await make(stage)
    await evening.cancel_raid(stage, LEAD, raid, "wrong evening")
    with pytest.raises(NothingToClaim, match="was cancelled"):
        await claims.accept_claim(stage, LEAD, claim_id)
    stage.registry.due[evening.CANCELLED] = jobs.raid_cancelled
    stage.registry.cancelled_raids.append(claims.refuse_of_cancelled)
    stage.registry.due["member.rights"] = _nothing
    await due.run_once(stage)
    await claims.refuse_of_cancelled(stage, 1, raid, "wrong evening")
    assert await status(stage) == ["refused"]
    [notice] = await told(stage)
    assert notice.endswith("was refused: the raid was cancelled (wrong evening).")
    with pytest.raises(NothingToClaim, match="was cancelled"):
        await make(stage, raid="Temple of Veeshan")


async def _nothing(*_: object) -> None: ...


async def test_after_its_ticks_were_undone_a_claim_cannot_be_accepted_only_refused(stage, clock, raid):
    first = await tick(stage, raid, clock)
    claim_id = await make(stage)
    await undo.undo_tick(stage, LEAD, first, "wrong raid")
    with pytest.raises(NothingToClaim, match="was undone meanwhile"):
        await claims.accept_claim(stage, LEAD, claim_id)
    assert await status(stage) == ["open"]
    await claims.refuse_claim(stage, LEAD, claim_id)


async def test_a_claim_for_a_raid_that_runs_again_is_paid(stage, clock, raid):
    await tick(stage, raid, clock)
    await evening.end_raid(stage, LEAD, raid)
    claim_id = await make(stage)
    await evening.reopen_raid(stage, LEAD, raid)
    await claims.accept_claim(stage, LEAD, claim_id)
    assert await balance(stage, ANNA) == 10


async def test_what_an_import_credited_meanwhile_is_not_paid_again(stage, clock, raid):
    taken = await tick(stage, raid, clock)
    claim_id = await make(stage)
    await imports.import_dump(stage, LEAD, raid, *roster_file("Anna"), tick_id=taken)
    done = await claims.accept_claim(stage, LEAD, claim_id)
    assert (done.tick_numbers, done.total) == ((), 0)
    assert await balance(stage, ANNA) == 10
    assert len(await read(stage, select(LedgerEntry))) == 1
    assert "you were credited meanwhile" in (await told(stage))[0]


async def test_who_a_tick_listed_as_not_credited_is_off_that_list_once_accepted(stage, clock, raid):
    anna = await known(stage, ANNA)
    await roster.check_in(stage, ANNA, raid)
    await map_roles(stage)
    await write(stage, update(Member).where(Member.member_id == anna).values(role_group="applicant"))
    await tick(stage, raid, clock)
    assert await read(stage, select(Tick.not_credited)) == [{"members": [anna]}]
    await claims.accept_claim(stage, LEAD, await make(stage))
    assert await read(stage, select(Tick.not_credited)) == [None]


async def test_who_switched_the_notice_off_is_not_told(stage, clock, raid):
    await tick(stage, raid, clock)
    claim_id = await make(stage)
    await write(stage, update(Member).where(Member.discord_user_id == 1).values(muted=["raid_claim"]))
    await claims.accept_claim(stage, LEAD, claim_id)
    assert await told(stage) == []


async def test_a_repeated_press_is_answered_as_the_first_was(stage, clock, raid):
    await tick(stage, raid, clock)
    once = Actor(1, 1, "Anna", interaction_id=9)
    first = await claims.make_claim(stage, once, "zoning at the dump", channel_id=CHANNEL)
    assert await claims.make_claim(stage, once, "zoning at the dump", channel_id=CHANNEL) == first
    press = Actor(1, 100, "Lead", manage_guild=True, interaction_id=10)
    done = await claims.accept_claim(stage, press, first.raid_claim_id)
    assert await claims.accept_claim(stage, press, first.raid_claim_id) == done
    assert await balance(stage, ANNA) == 10


async def test_what_is_kept_is_exported_and_forgotten(stage, clock, raid):
    await tick(stage, raid, clock)
    claim_id = await make(stage)
    await claims.refuse_claim(stage, LEAD, claim_id, "not seen there")
    anna = await known(stage, ANNA)
    [line] = await stage.run(ANNA, lambda session: personal.export_claims(session, [anna]))
    assert (line["raid"], line["note"], line["status"]) == ("Temple of Veeshan", "zoning at the dump", "refused")
    await stage.run(ANNA, lambda session: personal.forget(session, [anna]))
    [claim] = await read(stage, select(RaidClaim))
    assert (claim.note, claim.refused_reason, claim.status) == (NO_WORDS, None, "refused")
    shown = await stage.run(LEAD, lambda session: claims.load_claim(session, claim_id))
    assert "(forgotten)" in "\n".join(
        part.content for part in board(shown).walk_children() if isinstance(part, TextDisplay)
    )


async def test_the_audit_tells_of_each_step(stage, clock, raid):
    await tick(stage, raid, clock)
    await claims.accept_claim(stage, LEAD, await make(stage))
    await claims.refuse_claim(stage, LEAD, await make(stage, BERT))
    await make(stage, person(3, "Carl"))
    clock.move(hours=73)
    await due.run_once(stage)
    actions = await read(stage, select(Audit.action).where(Audit.action.like("raids.claim%")).order_by(Audit.audit_id))
    assert [action.removeprefix("raids.claim.") for action in actions] == [
        "made",
        "accepted",
        "made",
        "refused",
        "made",
        "lapsed",
    ]


async def test_the_doctor_finds_an_accepted_claim_that_nothing_credits(stage, clock, raid):
    await tick(stage, raid, clock)
    claim_id = await make(stage)
    await write(stage, update(RaidClaim).values(status="accepted", decided_at=clock.now() + timedelta(0)))
    assert await stage.run(LEAD, checking.doctor) == [
        f"claim {claim_id} for Temple of Veeshan was accepted, but nothing credits it"
    ]
