"""Batches, transfers and decay runs undone as one, brought back as one, and what was undone by itself before."""

import time
import uuid
from collections.abc import Sequence
from decimal import Decimal

import asyncpg
import pytest

from bot.refusals import NotFound
from bot.registry import Choice
from bot.stage import Actor, Session, Stage
from cogs.dkp.rules import AlreadyReversed, EntryKind, UndoneElsewhere
from cogs.dkp.service import decays, ledger, undoing
from cogs.dkp.service.decays import Asked
from db.tables import Batch, Transfer
from tests.services.test_dkp.crowds import crowd
from tests.services.test_dkp.words import ANNA, BOB, CARL, HERE, give, hold_for, lines_of, member_id, told


async def post(
    session: Session, kind: EntryKind, source: str, source_id: int, amounts: dict[int, Decimal]
) -> list[int | None]:
    pool_id = (await ledger.default_pool(session)).pool_id
    accounts = await ledger.lock_accounts(session, [(pool_id, member) for member in amounts])
    entries = [
        ledger.NewEntry(
            pool_id, member, kind, amount, "because", source, source_id, uuid.uuid4().hex, f"Member {member}"
        )
        for member, amount in amounts.items()
    ]
    return [posted.entry_id for posted in await ledger.post(session, entries, accounts)]


async def batch(stage: Stage, who: Sequence[Actor], amount: int) -> tuple[int, list[int | None]]:
    """One amount for several people: (batch, its entries)."""
    members = [await member_id(stage, actor) for actor in who]

    async def work(session: Session) -> tuple[int, list[int | None]]:
        pool_id = (await ledger.default_pool(session)).pool_id
        row = Batch(
            guild_id=1, pool_id=pool_id, kind="bonus", amount=Decimal(amount), reason="held the *line*",
            people=len(who), made_at=session.now, made_by_user_id=10,
        )  # fmt: skip
        session.add(row)
        await session.flush()
        amounts = {member: Decimal(amount) for member in members}
        return row.batch_id, await post(session, "bonus", "batch", row.batch_id, amounts)

    return await stage.run(ANNA, work)


async def transfer(stage: Stage, giver: Actor, taker: Actor, amount: int) -> tuple[int, list[int | None]]:
    one, two = await member_id(stage, giver), await member_id(stage, taker)

    async def work(session: Session) -> tuple[int, list[int | None]]:
        pool_id = (await ledger.default_pool(session)).pool_id
        row = Transfer(
            guild_id=1, pool_id=pool_id, from_member_id=one, to_member_id=two, amount=Decimal(amount),
            reason="a *gift*", made_at=session.now,
        )  # fmt: skip
        session.add(row)
        await session.flush()
        amounts = {one: Decimal(-amount), two: Decimal(amount)}
        return row.transfer_id, await post(session, "transfer", "transfer", row.transfer_id, amounts)

    return await stage.run(ANNA, work)


async def undo(stage: Stage, what: str, by: Actor = ANNA) -> str:
    return await undoing.undo(stage, by, what, "a mistake", HERE)


async def preview(stage: Stage, what: str) -> list[str]:
    _, lines = await stage.read(ANNA, "dkp.undo", lambda session: undoing.preview_undo(session, what, "a mistake"))
    return list(lines)


async def offered(stage: Stage) -> dict[str, str]:
    async def look(session: Session) -> list[Choice]:
        return await undoing.recent_acts(session, "")

    return {choice.value: choice.label for choice in await stage.run(ANNA, look)}


async def balances(owner: asyncpg.Connection) -> list[int]:
    return [int(row["balance"]) for row in await owner.fetch("SELECT balance FROM account ORDER BY member_id")]


async def test_a_batch_is_undone_whole_and_brought_back_whole_again_and_again(guild: Stage, owner: asyncpg.Connection):
    number, _ = await batch(guild, [BOB, CARL], 30)
    assert await preview(guild, f"batch:{number}") == ["2 people: 60 points taken.", "Bob: 30 → 0", "Carl: 30 → 0"]
    for _ in range(2):
        said = await undo(guild, f"batch:{number}")
        what = "bonus +30 DKP for 2 people, 06 Mar 19\\:00\\: held the \\*line\\*"
        assert said == f"Undone: batch, {what}. 2 people: 60 points taken."
        assert await balances(owner) == [0, 0]
        with pytest.raises(AlreadyReversed):
            await undo(guild, f"batch:{number}")
        assert f"batch:{number}" not in await offered(guild)
        label = (await offered(guild))[f"undo of batch:{number}"]
        assert label.startswith("undo of batch · bonus +30 DKP for 2 people")
        assert await preview(guild, f"undo of batch:{number}") == [
            "2 people: 60 points given.",
            "Bob: 0 → 30",
            "Carl: 0 → 30",
        ]
        assert (await undo(guild, f"undo of batch:{number}")).startswith("Brought back: batch, bonus +30")
        assert await balances(owner) == [30, 30]
        with pytest.raises(AlreadyReversed, match="brought back already"):
            await undo(guild, f"undo of batch:{number}")
    assert await guild.run(ANNA, ledger.imbalances) == []
    columns = await owner.fetch("SELECT earned, adjusted FROM account")
    assert {(row["earned"], row["adjusted"]) for row in columns} == {(30, 0)}


async def test_what_was_undone_by_itself_before_is_skipped_and_stays_so(guild: Stage, owner: asyncpg.Connection):
    """The clock stands still: what belongs to which undo is known by its source, not by its time."""
    number, entries = await batch(guild, [BOB, CARL], 30)
    await undo(guild, f"entry:{entries[0]}")
    assert await preview(guild, f"batch:{number}") == [
        "1 person: 30 points taken.",
        "1 entry of it was undone or brought back before, and stays as it is.",
        "Carl: 30 → 0",
    ]
    await undo(guild, f"batch:{number}")
    assert await balances(owner) == [0, 0]
    await undo(guild, f"undo of batch:{number}")
    assert await balances(owner) == [0, 30]
    # Bob's is brought back by itself; the next undo of the whole takes it too.
    last = await owner.fetchval("SELECT entry_id FROM ledger_entry WHERE reverses_entry_id = $1", entries[0])
    assert (await undo(guild, f"entry:{last}")).startswith("Brought back: +30 of Bob (because)")
    assert await balances(owner) == [30, 30]
    await undo(guild, f"batch:{number}")
    assert await balances(owner) == [0, 0]
    await undo(guild, f"undo of batch:{number}")
    assert await balances(owner) == [30, 30]


async def test_a_batch_whose_entries_were_all_undone_one_by_one_can_still_be_marked(
    guild: Stage, owner: asyncpg.Connection
):
    number, entries = await batch(guild, [BOB], 30)
    await undo(guild, f"entry:{entries[0]}")
    assert (await preview(guild, f"batch:{number}"))[0].startswith("No points move")
    await undo(guild, f"batch:{number}")
    assert await owner.fetchval("SELECT undone_at IS NOT NULL FROM batch")
    assert await balances(owner) == [0]


async def test_half_of_a_transfer_undoes_both_and_so_does_half_of_its_undo(guild: Stage, owner: asyncpg.Connection):
    await give(guild, "Bob", 100)
    number, (out, into) = await transfer(guild, BOB, CARL, 40)
    assert await preview(guild, f"entry:{into}") == [
        "It is half of a transfer: both halves go together.",
        "2 people: 40 points given, 40 points taken.",
        "Bob: 60 → 100",
        "Carl: 40 → 0",
    ]
    assert "transfer, Bob gave Carl 40 DKP" in await undo(guild, f"entry:{out}")
    assert await balances(owner) == [100, 0]
    for entry in (out, into):
        with pytest.raises(AlreadyReversed):
            await undo(guild, f"entry:{entry}")
    half = await owner.fetchval("SELECT max(entry_id) FROM ledger_entry")
    assert (await undo(guild, f"entry:{half}")).startswith("Brought back: transfer")
    assert await balances(owner) == [60, 40]
    half = await owner.fetchval("SELECT max(entry_id) FROM ledger_entry")
    assert (await undo(guild, f"entry:{half}")).startswith("Undone: transfer")
    assert await balances(owner) == [100, 0]
    assert await owner.fetchval("SELECT undone_at IS NOT NULL FROM transfer WHERE transfer_id = $1", number)


async def test_a_decay_run_is_undone_as_one_act_and_counts_as_none_afterwards(guild: Stage, owner: asyncpg.Connection):
    await give(guild, "Bob", 100, kind="bonus")
    await give(guild, "Carl", 50, kind="bonus")
    run = await decays.apply(guild, ANNA, Asked(10), 0, HERE)
    assert (await offered(guild))[f"decay:{run.decay_run_id}"] == (
        "decay · 10 % of DKP, 15 points from 2 people, 06 Mar 19:00"
    )
    await undo(guild, f"decay:{run.decay_run_id}")
    assert await balances(owner) == [100, 50]
    assert f"undo of decay:{run.decay_run_id}" in await offered(guild)

    async def earned_only(session: Session) -> decays.DecayPreview:
        return await decays.preview(session, Asked(10, earned_only=True))

    assert (await guild.run(ANNA, earned_only)).total == 15
    await undo(guild, f"undo of decay:{run.decay_run_id}")
    assert await balances(owner) == [90, 45]
    assert (await guild.run(ANNA, earned_only)).total == 13  # of the 90 and 45 that have not decayed
    assert await guild.run(ANNA, ledger.imbalances) == []


async def test_who_falls_below_the_floor_and_whose_bid_stands_come_before_the_others(guild: Stage):
    number, _ = await batch(guild, [ANNA, BOB, CARL], 30)
    await give(guild, "Carl", -10)
    await hold_for(guild, BOB, "Cloak of Flames", 5)
    assert await preview(guild, f"batch:{number}") == [
        "3 people: 90 points taken.",
        "Bob: 30 → 0; the open bid on Cloak of Flames stands",
        "Carl: 20 → -10, below the floor of 0",
        "Anna: 30 → 0",
    ]


async def test_undoing_what_moved_ones_own_points_too_is_told(guild: Stage):
    number, _ = await batch(guild, [ANNA, BOB], 30)
    await undo(guild, f"batch:{number}")
    [(channel, words)] = await told(guild)
    assert channel == HERE
    assert words.startswith("Anna undid what moved their own points. Undone: batch, bonus +30 DKP for 2 people")


@pytest.mark.parametrize(
    ("source", "refused"),
    [
        ("import", "That is one entry of an import: undo the whole import, or post a correction"),
        ("claim", "That is one entry of a claim: undo the whole claim (type claim:7), or post a correction"),
        ("raid", "That is one entry of a raid: undo the whole raid, or"),
    ],
)
async def test_entries_of_whole_things_are_refused_with_what_to_undo_instead(guild: Stage, source, refused):
    guild.registry.undo["claim"] = undoing.EntryUndo()
    bob = await member_id(guild, BOB)
    kind: EntryKind = "import" if source == "import" else "transfer"
    [entry] = await guild.run(ANNA, lambda session: post(session, kind, source, 7, {bob: Decimal(5)}))
    assert entry is not None
    with pytest.raises(UndoneElsewhere) as refusal:
        await undo(guild, f"#{entry}")
    assert refusal.value.sentence.startswith(refused)
    await guild.run(ANNA, lambda session: ledger.reverse(session, [entry], "gone with it"))
    with pytest.raises(UndoneElsewhere, match=rf"That undid an? {source}, which cannot be brought back this way: "):
        await undo(guild, f"#{entry + 1}")


@pytest.mark.parametrize("what", ["batch:99", "undo of batch:99", "transfer:99", "decay:99"])
async def test_an_act_that_is_not_there_is_refused(guild: Stage, what):
    with pytest.raises(NotFound, match="There is no such"):
        await undo(guild, what)


async def test_the_history_of_an_undo_that_was_undone_reads_sensibly(guild: Stage):
    number, _ = await batch(guild, [BOB], 30)
    await undo(guild, f"batch:{number}")
    await undo(guild, f"undo of batch:{number}")
    newest, middle, oldest = [line.split(" · ", 1)[1] for line in await lines_of(guild, BOB)]
    assert newest == "brought back by Anna (“because”): a mistake"
    assert middle == "undone by Anna (“because”): a mistake~~ undone later"
    assert oldest == "bonus by Anna: because, undone and brought back"


async def test_ten_thousand_entries_are_previewed_and_undone_in_a_few_seconds(
    guild: Stage, owner: asyncpg.Connection, capsys
):
    await crowd(owner, 10_000)
    run = await decays.apply(guild, ANNA, Asked(10), 0, HERE)
    began = time.perf_counter()
    lines = await preview(guild, f"decay:{run.decay_run_id}")
    previewed = time.perf_counter()
    await undo(guild, f"decay:{run.decay_run_id}")
    done = time.perf_counter()
    with capsys.disabled():
        print(f"\n10,000 entries: preview {previewed - began:.2f} s, undone in {done - previewed:.2f} s")
    assert lines[0] == "10,000 people: 100000 points given."
    assert len(lines) == 10_001
    assert await owner.fetchval("SELECT count(*) FROM account WHERE balance = 100") == 10_000
    assert await guild.run(ANNA, ledger.imbalances) == []
