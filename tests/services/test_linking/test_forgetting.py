"""What is kept of a person is handed out whole to them alone, and left without a name when they ask for it."""

import json
from datetime import timedelta
from decimal import Decimal

import pytest

from bot import people
from bot.kit import pickers
from bot.people import Seen
from bot.refusals import Refused
from cogs.auctions.service import personal as of_auctions
from cogs.auctions.service.bidding import place_bid
from cogs.auctions.service.starting import start
from cogs.audit import service as of_audit
from cogs.dkp.service import adjustments, openings
from cogs.dkp.service import personal as of_points
from cogs.dkp.service.transfers import transfer
from cogs.loot.service.keeping import forget as forget_awards
from cogs.members.rules import NotForgettable
from cogs.members.service import personal, presence
from cogs.members.service.changing import edit_character, transfer_character
from cogs.members.service.characters import add_character
from cogs.members.service.claims import claim_character
from cogs.members.service.linking import link_member
from cogs.members.service.personal import as_file, check_forgettable, export_me, forget_me
from cogs.members.service.profile import profile_of_me
from cogs.moving.service import forgetting as of_imports
from cogs.moving.service.looking import ImportedBefore
from cogs.moving.service.undoing import ImportUndo
from cogs.raids.service import personal as of_raids
from cogs.raids.service import ticks
from cogs.raids.service.imports import import_dump
from cogs.raids.service.roster import add_people, check_in
from tests.conftest import person
from tests.services.test_linking.scene import (
    ANNA,
    BOB,
    CARL,
    HERE,
    ITSELF,
    balances,
    imported,
    own_id,
    played_by,
    sound,
)
from tests.services.test_moving.files import OPENDKP, export, player
from tests.services.test_moving.house import given, take_in, undo
from tests.services.test_raids.scene import begin, roster_file

NUMBER = 112233445566778899
GORM = person(NUMBER, "Gorm the Grim", manage_guild=True)
SEEN_GORM = Seen(NUMBER, "Gorm the Grim", frozenset())
NAMES = ("Gorm the Grim", "Gormling", "Gormander", "Grimalkin", "Oldgorm", str(NUMBER))
"""What nothing may say afterwards."""


@pytest.fixture
async def registered(guild):
    """What each slice's setup registers for this."""
    registry = guild.registry
    registry.undo["import"] = ImportUndo()
    registry.exports |= {
        **personal.EXPORTS,
        "points": of_points.export_points,
        "ledger": of_points.export_ledger,
        "raids": of_raids.export_rosters,
        "ticks": of_raids.export_ticks,
        "bids": of_auctions.export_bids,
        "audit": of_audit.export,
    }
    registry.forget += [of_points.forget, of_raids.forget, of_auctions.forget, forget_awards, of_imports.forget]
    registry.forget_refusals.append(of_auctions.refuse_forgetting)
    return guild


async def lived_through(stage, clock) -> None:
    """Gorm, an officer, is everywhere: characters, a link, raids, files, bids, acts on others, messages, answers."""
    await imported(stage, "Oldgorm", 100, ("Gormander",))
    await add_character(stage, GORM, "Gormling", "Shaman", 60)
    await edit_character(stage, person(NUMBER, "Gorm the Grim", interaction_id=5), "Gormling", "Grimalkin")
    await link_member(stage, ANNA, "Oldgorm", SEEN_GORM, HERE)
    await add_character(stage, BOB, "Thrall")
    await transfer_character(stage, ANNA, "Thrall", "Gorm the Grim", "Gorm the Grim bought it")
    await transfer_character(stage, GORM, "Thrall", "Carl", "no time to play it")
    await adjustments.adjust(stage, ANNA, "Grimalkin", 50, "Gorm the Grim brought the cake")
    await adjustments.adjust(stage, GORM, "Bob", 500, "moved in")
    await adjustments.adjust(stage, GORM, "Gorm the Grim", 7, "and for myself", here=HERE)
    raid = (await begin(stage)).raid_id
    await check_in(stage, person(NUMBER, "Gorm the Grim", interaction_id=6), raid)
    await ticks.take_tick(stage, GORM, raid)
    clock.move(minutes=10)
    name, dump = roster_file("Grimalkin", "Gormander", "Thrall", "Nobody", name="RaidRoster-20260306-191000.txt")
    await import_dump(stage, GORM, raid, f"eqlog_Grimalkin_{name}", dump)
    await add_people(stage, person(10, "Anna", manage_guild=True, interaction_id=7), raid, (await own_id(stage, GORM),))
    started = await start(stage, GORM, "Cloak", channel_id=HERE, bidders="members", duration=timedelta(minutes=30))
    await place_bid(stage, GORM, started.started[0].auction_id, Decimal(20))
    await place_bid(stage, person(11, "Bob", interaction_id=8), started.started[0].auction_id, Decimal(30))
    await imported(stage, "Old Somebody", 0, ("Voljin",))
    await claim_character(stage, GORM, "Voljin", HERE)


async def said_of(owner, words) -> dict[str, list[str]]:
    """Every column of every table that holds one of these texts."""
    found: dict[str, list[str]] = {}
    tables = await owner.fetch("SELECT tablename FROM pg_tables WHERE schemaname = 'public' ORDER BY 1")
    for table in (row["tablename"] for row in tables):
        for row in await owner.fetch(f"SELECT to_jsonb(t)::text AS line FROM {table} t"):
            for column, value in json.loads(row["line"]).items():
                text = json.dumps(value, ensure_ascii=False)
                found.setdefault(f"{table}.{column}", []).extend(word for word in words if word in text)
    return {where: sorted(set(hits)) for where, hits in found.items() if hits}


async def test_nothing_names_who_was_forgotten_but_entries_they_made(registered, clock, owner):
    await lived_through(registered, clock)
    gorm = await own_id(registered, GORM)
    before = await said_of(owner, NAMES)
    assert {
        "member.display_name", "entry_text.reason", "entry_text.actor_name", "tick_credit.line", "bid.member_name",
        "raid_member.character_name", "raid_import.file_name", "audit.before", "audit.reason", "outbox.content",
        "interaction_answer.answer", "character_owner.reason", "tick.taken_by_user_id", "auction.started_by_user_id",
    } <= before.keys()  # fmt: skip
    had = await balances(registered, gorm)
    total = await owner.fetchval("SELECT sum(balance) FROM account")

    said = await forget_me(registered, person(NUMBER, "Gorm the Grim", manage_guild=True, interaction_id=9))
    assert said == f"Done. What is left of you here is “Forgotten {gorm}”, with the sums and no name."
    assert await said_of(owner, NAMES) == {"ledger_entry.actor_user_id": [str(NUMBER)]}
    assert await balances(registered, gorm) == had
    assert await owner.fetchval("SELECT sum(balance) FROM account") == total
    assert await played_by(registered, gorm) == []
    assert await played_by(registered, await own_id(registered, CARL)) == ["Thrall*"], "it is somebody else's now"
    assert await owner.fetchval("SELECT count(*) FROM audit WHERE action = 'members.forgotten'") == 1
    assert await owner.fetchval("SELECT status FROM character_claim") == "refused"
    assert await owner.fetchval("SELECT actor_name FROM entry_text WHERE reason = 'moved in'") == "Somebody forgotten"
    await sound(registered)


async def test_nothing_names_who_an_import_brought_and_who_was_linked_to_them(registered, clock, owner):
    rows = [
        player(1, "Oldgorm", earned=100, items=[("Cloak", 30)], adjustments=[("Oldgorm brought the cake", 2)]),
        player(2, "Gormander", main=1, main_name="Oldgorm"),
        player(3, "Yan", earned=7),
    ]
    anna = person(10, "Anna", manage_guild=True, interaction_id=4)
    await take_in(registered, given(export(*rows), "Oldgorm_s points.xml"), by=anna)
    ticked = OPENDKP.replace("Thorgrim", "Grimalkin").replace("Thorgit", "Gormling").replace("thorgit", "gormling")
    raids = await take_in(registered, given(ticked, "points.json"), by=GORM)
    for name in ("Oldgorm", "Grimalkin"):
        await link_member(registered, ANNA, name, SEEN_GORM, HERE)
    before = await said_of(owner, NAMES)
    assert {"data_import.file_name", "data_import.imported_by_user_id", "tick_credit.character_name"} <= before.keys()
    assert {"award.member_name", "entry_text.reason", "interaction_answer.answer", "outbox.content"} <= before.keys()

    await forget_me(registered, person(NUMBER, "Gorm the Grim", manage_guild=True, interaction_id=9))
    assert await said_of(owner, NAMES) == {"ledger_entry.actor_user_id": [str(NUMBER)]}
    assert [row[0] for row in await owner.fetch("SELECT file_name FROM data_import")] == ["forgotten", "forgotten"]
    await sound(registered)
    with pytest.raises(ImportedBefore, match=r"imported .* as forgotten: nothing was changed"):
        await take_in(registered, given(ticked, "points.json"))
    await undo(registered, raids.data_import_id)
    assert await said_of(owner, NAMES) == {"ledger_entry.actor_user_id": [str(NUMBER)]}
    await sound(registered)


async def test_the_search_finds_a_name_that_a_slice_left(registered, clock, owner):
    await lived_through(registered, clock)
    registered.registry.forget.remove(of_raids.forget)
    await forget_me(registered, GORM)
    assert "tick_credit.line" in await said_of(owner, NAMES)


async def test_who_is_forgotten_and_presses_again_is_somebody_new_without_start_points(registered, clock, owner):
    await owner.execute("UPDATE pool SET start = 50")
    joined_at = clock.now() - timedelta(days=30)
    fritz = person(77, "Fritz", role_ids=frozenset({900}), joined_at=joined_at)
    await owner.execute("INSERT INTO role_mapping (guild_id, role_group, role_id) VALUES (1, 'member', 900)")
    before = await own_id(registered, fritz)
    await registered.run(ITSELF, lambda session: openings.grant(session))
    assert await balances(registered, before) == {"DKP": Decimal(50)}
    clock.move(hours=1)
    await forget_me(registered, fritz)
    clock.move(hours=1)
    after = await own_id(registered, fritz)
    assert after != before
    newcomer = person(78, "Newcomer", role_ids=frozenset({900}), joined_at=clock.now())
    met = Seen(79, "Met at the start", frozenset({900}), clock.now())
    await registered.run(ITSELF, lambda session: people.meet(session, [met]))
    await registered.run(ITSELF, lambda session: presence.arrive(session, Seen(80, "Joined", frozenset({900}))))
    new = await own_id(registered, newcomer)
    await registered.run(ITSELF, lambda session: openings.grant(session))
    assert await balances(registered, after) == {}
    assert await balances(registered, new) == {"DKP": Decimal(50)}
    assert await owner.fetchval("SELECT count(*) FROM ledger_entry WHERE kind = 'opening'") == 4
    await sound(registered)


async def test_an_undone_import_is_nobody_forgotten_and_newcomers_get_start_points(registered, clock, owner):
    await owner.execute("UPDATE pool SET start = 50")
    joined_at = clock.now()
    clock.move(hours=1)
    done = await take_in(registered, given(export(player(1, "Zed", earned=100))))
    await undo(registered, done.data_import_id)
    clock.move(hours=1)
    await owner.execute("INSERT INTO role_mapping (guild_id, role_group, role_id) VALUES (1, 'member', 900)")
    met = Seen(79, "Newcomer", frozenset({900}), joined_at)
    await registered.run(ITSELF, lambda session: people.meet(session, [met]))
    await registered.run(ITSELF, lambda session: openings.grant(session))
    assert await owner.fetchval("SELECT amount FROM ledger_entry WHERE kind = 'opening'") == 50

    await owner.execute("DELETE FROM role_mapping")
    zed = await owner.fetchval("SELECT member_id FROM member WHERE display_name = 'Zed'")
    await owner.execute("UPDATE pool SET transfers = true")
    await add_character(registered, CARL, "Thrall")
    gone = "Zed came with an import that was undone: nobody is behind that name any more."
    for refused in (
        lambda: link_member(registered, ANNA, f"#{zed}", Seen(12, "Carl", frozenset())),
        lambda: transfer_character(registered, ANNA, "Thrall", f"#{zed}", "to nobody"),
        lambda: transfer(registered, CARL, f"#{zed}", 1),
    ):
        with pytest.raises(Refused, match=gone):
            await refused()
    offered = await registered.run(ANNA, lambda session: pickers.people(session, "Zed"))
    assert [choice.label for choice in offered if choice.label.startswith("Zed")] == []


async def test_who_is_met_again_at_a_start_after_forgetting_gets_none_either(registered, clock, owner):
    await owner.execute("UPDATE pool SET start = 50")
    await owner.execute("INSERT INTO role_mapping (guild_id, role_group, role_id) VALUES (1, 'member', 900)")
    await own_id(registered, BOB)
    joined_at = clock.now()
    clock.move(hours=1)
    await forget_me(registered, BOB)
    again = Seen(11, "Bob", frozenset({900}), joined_at)
    await registered.run(ITSELF, lambda session: people.meet(session, [again]))
    await registered.run(ITSELF, lambda session: openings.grant(session))
    assert await owner.fetchval("SELECT count(*) FROM ledger_entry") == 0


async def test_who_leads_an_auction_is_not_forgotten_before_it_ends(registered, clock):
    await adjustments.adjust(registered, ANNA, "Bob", 50, "for a bid")
    started = await start(registered, ANNA, "Cloak *of* Flames", channel_id=HERE, bidders="members")
    await place_bid(registered, BOB, started.started[0].auction_id, Decimal(20))
    for ask in (lambda: registered.read(BOB, "me.own", check_forgettable), lambda: forget_me(registered, BOB)):
        with pytest.raises(NotForgettable, match=r"open bid on \*\*Cloak \\\*of\\\* Flames\*\*"):
            await ask()


async def test_nobody_is_linked_to_who_was_forgotten_nor_given_a_character(registered, owner):
    await add_character(registered, CARL, "Thrall")
    bob = await own_id(registered, BOB)
    await forget_me(registered, BOB)
    with pytest.raises(Refused, match="asked to be forgotten"):
        await link_member(registered, ANNA, f"#{bob}", Seen(12, "Carl", frozenset()))
    with pytest.raises(Refused, match="asked to be forgotten"):
        await transfer_character(registered, ANNA, "Thrall", f"#{bob}", "to nobody")


# --- handed out ---------------------------------------------------------------------------------------------------


async def test_an_export_holds_everything_of_oneself_and_nobody_elses(registered, clock):
    await lived_through(registered, clock)
    everything = await registered.read(GORM, "me.own", export_me)
    read = json.loads(as_file(everything))
    assert {row["display_name"] for row in read["person"]} == {"Gorm the Grim", "Oldgorm"}
    assert [row["name"] for row in read["characters"]] == ["Gormander", "Grimalkin"]
    assert "Gorm the Grim brought the cake" in {row["reason"] for row in read["ledger"]}
    assert sum(Decimal(row["amount"]) for row in read["ledger"]) == sum(
        Decimal(row["balance"]) for row in read["points"]
    )
    assert [(row["item"], row["amount"]) for row in read["bids"]] == [("Cloak", "20.00")]
    assert len(read["ticks"]) == 2
    assert read["audit"]
    bobs = json.loads(as_file(await registered.read(BOB, "me.own", export_me)))
    assert [row["amount"] for row in bobs["bids"]] == ["30.00"]
    assert {row["reason"] for row in bobs["ledger"]} == {"moved in"}
    assert "Gormling" not in json.dumps(bobs)


async def test_a_profile_shows_ones_own_points_and_characters(registered, clock):
    await lived_through(registered, clock)
    shown = "\n".join((await registered.read(GORM, "me.own", profile_of_me)).lines)
    assert "## Gorm the Grim" in shown
    assert "Main: **Grimalkin** (Shaman 60) · Alts: Gormander" in shown
    assert "You can spend" in shown
    assert "Attendance: 30 days" in shown


async def test_which_notices_somebody_takes_is_handed_out_and_forgotten(registered, owner):
    bob = await own_id(registered, BOB)
    await owner.execute("""UPDATE member SET muted = '["claim"]', wanted = '["outbid"]', pinged = true""")
    [read] = json.loads(as_file(await registered.read(BOB, "me.own", export_me)))["person"]
    assert (read["muted"], read["wanted"], read["pinged"]) == (["claim"], ["outbid"], True)
    await forget_me(registered, BOB)
    left = await owner.fetchrow("SELECT muted::text, wanted::text, pinged FROM member WHERE member_id = $1", bob)
    assert tuple(left) == ("[]", "[]", False)
