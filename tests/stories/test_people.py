"""People: an imported one claimed with an officer's yes, linked, taken apart; characters handed over; one's own."""

import json

import asyncpg

from bot.stage import Actor, Session
from bot.typed import name_key
from cogs.dkp.service import ledger
from cogs.members.service import linking, presence
from db.tables import Character, CharacterOwner, Member
from tests.stories.conftest import Night, said, text_of


async def imported(night: Night, name: str, points: int, *characters: str) -> None:
    """Somebody an import brought: no Discord account; the first character is the main."""

    async def work(session: Session) -> None:
        member = Member(
            guild_id=session.guild_id,
            display_name=name,
            name_key=name_key(name),
            role_group="member",
            joined_at=session.now,
        )
        session.add(member)
        await session.flush()
        for played in characters:
            character = Character(
                guild_id=session.guild_id,
                owner_member_id=member.member_id,
                name=played,
                name_key=name_key(played),
                is_main=played == characters[0],
                created_at=session.now,
            )
            session.add(character)
            await session.flush()
            owner = {"to_member_id": member.member_id, "by_user_id": 0, "at": session.now}
            session.add(CharacterOwner(guild_id=session.guild_id, character_id=character.character_id, **owner))

    await night.stage.run(Actor.itself(night.guild.id), work)
    if points:
        await night.types(night.officer, "dkp adjust", member=name, amount=float(points), reason="moved in with it")


async def sound(night: Night) -> None:
    for check in (ledger.imbalances, linking.problems, presence.inconsistencies):
        assert await night.stage.run(Actor.itself(night.guild.id), check) == []


def cards(channel) -> list:
    return [message for message in channel.history() if "is me." in text_of(message)]


async def test_a_person_claims_their_imported_character_and_an_officer_says_yes(
    night: Night, owner: asyncpg.Connection
):
    await imported(night, "Old Thrall", 430, "Thrall", "Rexxar")
    bob = night.join("bob")
    await night.settle()
    offered = await bob.autocomplete(night.channel, "character claim", "character", "")
    assert [choice["name"] for choice in offered] == ["Rexxar · of Old Thrall", "Thrall · of Old Thrall"]
    answer = said(await night.types(bob, "character claim", character="thrall"))
    assert answer.startswith("An officer is asked whether **Thrall** is you")
    [card] = cards(night.channel)
    assert "**bob** says: **Thrall** is me." in text_of(card)
    assert "Accepting moves to them: 430 DKP; Thrall, Rexxar." in text_of(card)
    assert "Only officers may link people" in said(await night.presses(bob, card, "Accept"))

    await night.restart()
    asked = await night.presses(night.officer, card, "Accept")
    assert "Is **Old Thrall** really **bob**? If so:\n430 DKP move over." in said(asked)
    done = said(await night.presses(night.officer, asked.response, "Accept it"))
    assert "**Old Thrall** is **bob** now." in done
    [card] = cards(night.channel)
    assert "**Accepted** by guildmaster" in text_of(card)
    assert "[Accept]" not in text_of(card)
    assert "Your claim on **Thrall** was accepted." in text_of(bob.user.dm_channel.last_message)
    assert "You have **430** DKP." in said(await night.types(bob, "dkp balance"))
    assert "**Thrall** · main" in said(await night.types(bob, "character list"))
    standings = said(await night.types(bob, "dkp standings"))
    assert "bob" in standings
    assert "Old Thrall" not in standings
    assert "linked Old Thrall to bob: 430 DKP, Thrall, Rexxar" in said(await night.types(night.officer, "audit search"))
    await sound(night)


async def test_a_refused_claim_says_so_on_its_card_and_to_the_claimer(night: Night):
    await imported(night, "Old Thrall", 430, "Thrall")
    audit = night.guild.create_text_channel("audit")
    await night.types(night.officer, "settings channels", audit=audit)
    bob = night.join("bob")
    await night.types(bob, "character claim", character="thrall")
    assert cards(night.channel) == []
    [card] = cards(audit)
    await night.presses(night.officer, card, "Refuse")
    assert "**Refused** by guildmaster" in text_of(cards(audit)[0])
    assert "was refused: ask an officer why" in text_of(bob.user.dm_channel.last_message)
    assert "[Accept]" not in text_of(cards(audit)[0])


async def test_a_claim_on_who_has_a_discord_account_is_sent_to_an_officer(night: Night):
    bob, cid = night.join("bob"), night.join("cid")
    await night.types(bob, "character add", name="Thrall")
    refused = said(await night.types(cid, "character claim", character="Thrall"))
    assert refused == "Thrall belongs to bob, who has a Discord account: ask an officer for /character transfer."


async def test_an_officer_links_a_person_and_undoes_it(night: Night, owner: asyncpg.Connection):
    await imported(night, "bob", 430, "Thrall", "Rexxar")
    bob, cid = night.join("bob"), night.join("cid")
    await night.settle()
    await night.types(night.officer, "dkp adjust", member=f"<@{bob.id}>", amount=5.0, reason="had some here")
    robot = night.guild.add_member(night.env.create_user("robot", bot=True))
    assert "neither a bot" in said(await night.types(night.officer, "member link", who="bob", user=robot))
    assert "Only officers" in said(await night.types(cid, "member link", who="bob", user=cid))
    offered = await night.officer.autocomplete(night.channel, "member link", "who", "rex")
    assert [choice["name"] for choice in offered] == ["bob · Thrall · Rexxar"]
    asked = await night.types(night.officer, "member link", who=offered[0]["value"], user=bob)
    assert "430 DKP move over." in said(asked)
    assert "Thrall becomes the main." in said(asked)
    await night.presses(night.officer, asked.response, "Link them")
    assert "linked you to **bob** in Crimson Circle" in text_of(bob.user.dm_channel.last_message)
    assert "You have **435** DKP." in said(await night.types(bob, "dkp balance"))
    await night.types(night.officer, "character transfer", character="Rexxar", to="cid", reason="sold it")

    choices = await night.officer.autocomplete(night.channel, "dkp undo", "what", "")
    [act] = [choice["value"] for choice in choices if choice["name"].startswith("claim · bob is bob")]
    asked = await night.types(night.officer, "dkp undo", what=act, reason="another bob")
    assert "bob: 435 → 5" in said(asked)
    assert "Rexxar changed hands since and stays where they are now." in said(asked)
    done = said(await night.presses(night.officer, asked.response, "Undo it"))
    assert "Undone: bob is no longer bob." in done
    assert "Characters that went back: Thrall." in done
    assert "You have **5** DKP." in said(await night.types(bob, "dkp balance"))
    assert "**Rexxar** · main" in said(await night.types(cid, "character list"))
    assert await owner.fetchval("SELECT sum(amount) FROM ledger_entry WHERE source = 'claim'") == 0
    await sound(night)


async def test_a_character_changes_hands_and_points_stay(night: Night):
    bob, cid = night.join("bob"), night.join("cid")
    await night.types(bob, "character add", name="Thrall", character_class="Shaman", level=60)
    await night.types(bob, "character add", name="Rexxar")
    await night.types(night.officer, "dkp adjust", member="bob", amount=50.0, reason="for the raids")
    refused = said(await night.types(bob, "character transfer", character="Thrall", to="cid", reason="my own wish"))
    assert "Only officers may change other people's characters" in refused
    moved = said(
        await night.types(night.officer, "character transfer", character="Thrall", to="cid", reason="sold the account")
    )
    assert "**Thrall** is cid’s now, no longer bob’s." in moved
    assert "bob’s main is Rexxar now" in moved
    assert "You have **50** DKP." in said(await night.types(bob, "dkp balance"))
    assert "You have **0** DKP." in said(await night.types(cid, "dkp balance"))
    renamed = said(await night.types(cid, "character edit", character="Thrall", name="Go'el", level=61))
    assert renamed.startswith("It is **Go'el** (Shaman 61) now.")
    told = said(await night.types(bob, "character history", character="go'el"))
    assert "renamed from Thrall to Go'el" in told
    assert "bob → **cid** by guildmaster: sold the account" in told
    assert "is retired, and the name is free again" in said(
        await night.types(cid, "character retire", character="Go'el")
    )
    assert "as your alt" in said(await night.types(bob, "character add", name="Go'el"))
    searched = said(await night.types(night.officer, "audit search"))
    assert "gave Thrall of bob to cid" in searched
    assert "changed Go'el of cid: name Thrall, level 60 → name Go'el, level 61" in searched
    assert "retired Go'el of cid" in searched
    await sound(night)


async def test_a_profile_and_everything_in_a_file(night: Night):
    bob = night.join("bob")
    await night.types(bob, "character add", name="Thrall", character_class="Shaman", level=60)
    await night.types(night.officer, "dkp adjust", member="bob", amount=50.0, reason="for the *raids*")
    profile = await night.types(bob, "me profile")
    assert profile.response.ephemeral
    assert "Main: **Thrall** (Shaman 60)" in said(profile)
    assert "You have **50** DKP." in said(profile)
    assert "Attendance: not counted yet; it begins on becoming a member, or with the first tick." in said(profile)
    assert any(blob.startswith(b"\x89PNG") for blob in night.env.backend.cdn._blobs.values()), "the balance, drawn"

    export = await night.types(bob, "me export")
    assert "ledger: 1 row" in said(export)
    [blob] = [blob for blob in night.env.backend.cdn._blobs.values() if blob.startswith(b"{")]
    read = json.loads(blob)
    assert read["guild"] == "Crimson Circle"
    assert read["ledger"][0]["reason"] == "for the *raids*"
    assert [row["name"] for row in read["characters"]] == ["Thrall"]


async def test_who_asks_to_be_forgotten_is_and_comes_back_as_somebody_new(night: Night, owner: asyncpg.Connection):
    bob = night.join("Bob the Bold")
    await night.settle()
    await night.types(bob, "character add", name="Thrall")
    await night.types(night.officer, "dkp adjust", member="Thrall", amount=50.0, reason="Bob the Bold was kind")
    await night.types(night.officer, "auction start", item="Cloak of Flames")
    await night.types(bob, "auction bid", auction="Cloak of Flames", amount=7.0)
    assert "open bid on **Cloak of Flames**" in said(await night.types(bob, "me forget"))
    await night.wait(300)

    asked = await night.types(bob, "me forget")
    number = await owner.fetchval("SELECT member_id FROM member WHERE discord_user_id = $1", bob.id)
    assert f"an anonymous row “Forgotten {number}” with the sums" in said(asked)
    assert "Nothing was changed." in said(await night.presses(bob, asked.response, "Cancel"))
    asked = await night.types(bob, "me forget")
    done = said(await night.presses(bob, asked.response, "Forget me"))
    assert "Done. What is left of you here" in done
    for table in ("member", "character", "entry_text", "award", "bid", "outbox", "audit", "interaction_answer"):
        lines = await owner.fetch(f"SELECT to_jsonb(t)::text AS line FROM {table} t")
        for word in ("Bob the Bold", "Thrall", str(bob.id)):
            assert not [row["line"] for row in lines if word in row["line"]], f"{word} in {table}"
    assert f"**Forgotten {number}**" in said(await night.types(night.officer, "dkp standings", everyone=True))
    await sound(night)
    assert "You have **0** DKP." in said(await night.types(bob, "dkp balance"))
    assert "None here yet" in said(await night.types(night.officer, "character list", member="Bob the Bold"))
    assert await owner.fetchval("SELECT openings_settled_at IS NOT NULL FROM member WHERE discord_user_id = $1", bob.id)
    await sound(night)
