"""Claims, names and awards at once: two leaders, a leader and the clock, a claim and the import of its tick."""

from bot.refusals import Refused
from bot.stage import Actor, Stage
from cogs.loot import service as loot
from cogs.loot.rules import Doubtful
from cogs.raids.dumps import read_file
from cogs.raids.rules.claims import ClaimDecided
from cogs.raids.service import claims, evening, imports, unknown
from tests.conftest import MovableClock, person
from tests.races.house import House
from tests.races.scene import (
    CHANNEL,
    ITSELF,
    LEAD,
    VERA,
    Work,
    acting,
    all_at_once,
    begin_raid,
    calm,
    defects,
    disorder,
    give,
    known,
    raiders,
    tick,
)

ANNA = person(1, "Anna")


async def claimed(stage: Stage, who: Actor = ANNA) -> tuple[int, int]:
    """A raid with a tick that somebody claims: (raid, claim)."""
    raid_id = await begin_raid(stage, raiders(3))
    await tick(stage, raid_id)()
    made = await claims.make_claim(stage, acting(who), "zoning at the dump", channel_id=CHANNEL)
    return raid_id, made.raid_claim_id


def accept(stage: Stage, claim_id: int, leader: Actor = LEAD) -> Work:
    presser = acting(leader)
    return lambda: claims.accept_claim(stage, presser, claim_id)


def refuse(stage: Stage, claim_id: int, leader: Actor = VERA) -> Work:
    presser = acting(leader)
    return lambda: claims.refuse_claim(stage, presser, claim_id)


async def end(stage: Stage, raid_id: int) -> None:
    await evening.end_raid(stage, acting(LEAD), raid_id)


async def test_a_claim_accepted_by_two_leaders_at_once_is_paid_once(crowd: Stage, other_process: Stage, house: House):
    for _ in range(5):
        raid_id, claim_id = await claimed(crowd)
        results = await calm(house, [accept(crowd, claim_id), accept(other_process, claim_id, VERA)])
        assert sum(isinstance(result, ClaimDecided) for result in results) == 1
        assert await house.one("SELECT count(*) FROM outbox WHERE nonce = $1", f"raidclaim{claim_id}") == 1
        await end(crowd, raid_id)
    assert await house.one("SELECT count(*) FROM tick_credit WHERE evidence = 'claim'") == 5


async def test_one_leader_accepts_while_another_refuses(crowd: Stage, other_process: Stage, house: House):
    for _ in range(6):
        raid_id, claim_id = await claimed(crowd)
        results = await calm(house, [accept(crowd, claim_id), refuse(other_process, claim_id)])
        assert sum(isinstance(result, ClaimDecided) for result in results) == 1
        status = await house.one("SELECT status FROM raid_claim WHERE raid_claim_id = $1", claim_id)
        paid = await house.one(
            "SELECT count(*) FROM tick_credit JOIN tick USING (guild_id, tick_id)"
            " WHERE raid_id = $1 AND evidence = 'claim'",
            raid_id,
        )
        assert paid == (status == "accepted")
        await end(crowd, raid_id)


async def test_a_leader_accepts_at_the_moment_it_lapses(
    crowd: Stage, other_process: Stage, house: House, clock: MovableClock
):
    for _ in range(5):
        raid_id, claim_id = await claimed(crowd)
        await end(crowd, raid_id)
        # Pressed in the last second, and the clock strikes while the press is served.
        pressed = person(100, "Lead", manage_guild=True, received_at=clock.now())
        clock.move(hours=72)
        works: list[Work] = [
            lambda claim_id=claim_id, pressed=pressed: claims.accept_claim(crowd, acting(pressed), claim_id),
            lambda claim_id=claim_id: claims.lapse_claim(other_process, ITSELF, claim_id),
        ]
        results = await calm(house, works)
        status = await house.one("SELECT status FROM raid_claim WHERE raid_claim_id = $1", claim_id)
        lapsed = results[1] is True
        assert status == ("lapsed" if lapsed else "accepted")
        assert isinstance(results[0], ClaimDecided) == lapsed
        paid = await house.one(
            "SELECT count(*) FROM tick_credit JOIN tick USING (guild_id, tick_id)"
            " WHERE raid_id = $1 AND evidence = 'claim'",
            raid_id,
        )
        assert paid == (not lapsed)


def import_of(stage: Stage, raid_id: int, *names: str, tick_id: int | None = None) -> Work:
    content = "".join(f"1\t{name}\t60\tBard\t\t\t\r\n" for name in names).encode()
    presser = acting(VERA)
    dump = read_file("RaidRoster-20260306-190000.txt", content).moments[0]
    return lambda: imports.import_dump(stage, presser, raid_id, "roster.txt", dump, tick_id=tick_id, again=True)


async def credited_twice(unlocked: Stage, crowd: Stage, house: House) -> list:
    await known(crowd, [ANNA])
    raid_id, claim_id = await claimed(crowd)

    tick_id = await house.one("SELECT max(tick_id) FROM tick")
    return await all_at_once([accept(unlocked, claim_id), import_of(unlocked, raid_id, "Anna", tick_id=tick_id)])


async def test_without_the_lock_a_claim_and_the_import_of_its_tick_collide(unlocked: Stage, crowd: Stage, house: House):
    assert await disorder(house, lambda: credited_twice(unlocked, crowd, house))


async def test_a_claim_and_the_import_of_its_tick_credit_once(crowd: Stage, other_process: Stage, house: House):
    await known(crowd, [ANNA])
    for _ in range(4):
        raid_id, claim_id = await claimed(crowd)
        tick_id = await house.one("SELECT max(tick_id) FROM tick")
        works = [accept(crowd, claim_id), import_of(other_process, raid_id, "Anna", tick_id=tick_id)]
        assert not [result for result in await calm(house, works) if isinstance(result, Refused)]
        mine = "SELECT count(*) FROM tick_credit JOIN member USING (guild_id, member_id) WHERE tick_id = $1"
        assert await house.one(f"{mine} AND display_name = 'Anna'", tick_id) == 1
        await end(crowd, raid_id)


# --- names ------------------------------------------------------------------------------------------------------------


async def _sort(stage: Stage, who: Actor, name_id: int, member_id: int | None):
    actor = acting(who)
    if member_id is None:
        given = await unknown.make_person(stage, actor, name_id)
    else:
        given = await unknown.give_name(stage, actor, name_id, member_id)
    return await unknown.credit_given(stage, actor, given)


async def test_a_name_given_to_two_people_at_once_is_one_persons_and_credited_once(
    crowd: Stage, other_process: Stage, house: House, clock: MovableClock
):
    members = await known(crowd, [ANNA, person(2, "Bert")])
    anna, bert = members.values()
    for wave in range(4):
        raid_id = await begin_raid(crowd, raiders(2))
        await import_of(crowd, raid_id, f"Stranger{'abcd'[wave]}")()
        name_id = await house.one("SELECT max(unknown_name_id) FROM unknown_name")
        works: list[Work] = [
            lambda n=name_id: _sort(crowd, LEAD, n, anna),
            lambda n=name_id: _sort(other_process, VERA, n, bert),
            lambda n=name_id: _sort(other_process, VERA, n, None),
            tick(crowd, raid_id),
        ]
        results = await calm(house, works)
        done = [result for result in results if isinstance(result, unknown.NamesCredited)]
        assert sum(result.credits for result in done) == 1
        assert await house.one("SELECT count(*) FROM tick_credit WHERE line LIKE '%Stranger%'") == wave + 1
        assert await house.one("SELECT count(*) FROM character") == wave + 1
        assert await house.one("SELECT status FROM unknown_name WHERE unknown_name_id = $1", name_id) != "open"
        await end(crowd, raid_id)
    assert await house.one("SELECT count(*) FROM member WHERE discord_user_id IS NULL") <= 4


async def test_names_are_credited_while_the_raid_goes_on(
    crowd: Stage, other_process: Stage, house: House, clock: MovableClock
):
    """Two leaders credit the same names over two raids while ticks pay the same people."""
    members = await known(crowd, [ANNA, person(2, "Bert")])
    raids = [await begin_raid(crowd, [ANNA]), await begin_raid(crowd, [ANNA])]
    for raid_id in raids:
        await import_of(crowd, raid_id, "Xax", "Yby")()

    rows = [row[0] for row in await house.all("SELECT unknown_name_id FROM unknown_name ORDER BY 1 LIMIT 2")]
    given = [
        await unknown.give_name(crowd, acting(LEAD), rows[n], member_id) for n, member_id in enumerate(members.values())
    ]
    clock.move(minutes=5)
    works: list[Work] = [tick(crowd, raids[0]), tick(other_process, raids[1], VERA)]
    works += [lambda g=g, s=s: unknown.credit_given(s, acting(LEAD), g) for g in given for s in (crowd, other_process)]
    works += [lambda r=r: unknown.credit_known(other_process, acting(VERA), r) for r in raids]
    results = await all_at_once(works)
    assert defects(results) == []
    assert sum(result.credits for result in results if isinstance(result, unknown.NamesCredited)) == 4
    assert await house.wrongs() == []
    assert await house.one("SELECT count(*) FROM unknown_name WHERE status = 'open'") == 0


# --- awards -----------------------------------------------------------------------------------------------------------


def award(stage: Stage, leader: Actor, raid_id: int | None = None, to: str = "Anna") -> Work:
    presser = acting(leader)
    raid = f"#{raid_id}" if raid_id else None
    return lambda: loot.award_item(stage, presser, "Cloak of Flames", to, channel_id=CHANNEL, cost=10, raid=raid)


async def test_without_the_lock_two_leaders_both_award_the_kill(unlocked: Stage, crowd: Stage, house: House):
    await give(crowd, [ANNA], 1000)
    twice = False
    for _ in range(6):
        raid_id = await begin_raid(crowd)
        await all_at_once([award(unlocked, LEAD, raid_id), award(unlocked, VERA, raid_id)])
        twice = twice or await house.one("SELECT count(*) FROM award WHERE raid_id = $1", raid_id) == 2
        if twice:
            break
    assert twice


async def test_two_leaders_who_award_the_kill_at_once_record_it_once(
    crowd: Stage, other_process: Stage, house: House, clock: MovableClock
):
    """One says Anna, the other Bert: no account they share makes one of them wait."""
    await give(crowd, [ANNA, person(2, "Bert")], 1000)
    for wave in range(1, 8):
        raid_id = await begin_raid(crowd) if wave % 2 else None
        works = [award(crowd, LEAD, raid_id), award(other_process, VERA, raid_id, "Bert")]
        results = await calm(house, works)
        assert sum(isinstance(result, Doubtful) for result in results) == 1
        assert await house.one("SELECT count(*) FROM award") == wave
        if raid_id is not None:
            await evening.end_raid(crowd, acting(LEAD), raid_id, without_tick=True)
        clock.move(minutes=11)
    assert await house.one("SELECT count(*) FROM outbox WHERE nonce LIKE 'award%'") == 7


async def test_an_award_is_undone_once_by_two_officers(crowd: Stage, other_process: Stage, house: House):
    await give(crowd, [ANNA], 100)
    done = await award(crowd, LEAD)()
    undo = [
        lambda s=s, who=acting(who): loot.undo_award(s, who, str(done.award_id), "wrong person")
        for s, who in ((crowd, LEAD), (other_process, VERA))
    ]
    results = await calm(house, undo)
    assert sum(isinstance(result, Refused) for result in results) == 1
    assert await house.one("SELECT balance FROM account") == 100
