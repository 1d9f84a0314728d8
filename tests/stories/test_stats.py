"""`/stats points` and `/stats loot` as a member and somebody who is none read them."""

import simcord

from tests.stories.conftest import Night, said


def pictures(result: simcord.InteractionResult) -> list[str]:
    parts = [result.response, *result.followups]
    return [file.filename for part in parts if part is not None for file in part.message.attachments]


async def weeks_of_loot(night: Night) -> simcord.MemberActor:
    """Two raids eight days apart: Anna at both, Bert at the first; each wins something, Anna also rolls."""
    lead, anna = night.officer, night.join("Anna")
    night.join("Bert")
    await night.settle()
    for members, item, winner, cost in (("Anna Bert", "Cloak", "Bert", 15.0), ("Anna", "Ring", "Anna", 5.0)):
        await night.types(lead, "raid start", event="Plane of Fear")
        await night.types(lead, "raid add", members=members)
        await night.types(lead, "raid tick", points=20.0)
        await night.types(lead, "loot award", item=item, member=winner, cost=cost)
        await night.types(lead, "raid end")
        await night.wait(8 * 86_400)
    await night.types(lead, "loot award", item="Boots", member="Anna", how="roll")
    return anna


async def test_points_in_circulation_with_what_moved_them_and_a_picture(night: Night) -> None:
    anna = await weeks_of_loot(night)
    await night.types(night.officer, "dkp adjust", member="Bert", amount=-3, reason="broke the door")
    shown = await night.types(anna, "stats points")
    assert said(shown).splitlines() == [
        "**DKP**: **37** points in circulation, +37 in the last 90 days",
        "earned **60** · spent **20** · adjusted **-3** · decayed **0**",
        "**2** people have points; the richest has **94.5 %** of them.",
    ]
    assert pictures(shown) == ["circulation.png"]
    assert all(part.ephemeral for part in (shown.response, *shown.followups) if part is not None)
    assert "37** points in circulation, -3 in the last 5 days" in said(await night.types(anna, "stats points", days=5))


async def test_each_pool_has_its_lines_and_one_is_drawn(night: Night) -> None:
    anna = await weeks_of_loot(night)
    await night.types(night.officer, "pool create", name="Alts")
    await night.types(night.officer, "dkp adjust", member="Bert", amount=11, reason="moved in", pool="Alts")
    words = said(await night.types(anna, "stats points"))
    assert words.index("**DKP**: **40**") < words.index("**Alts**: **11**") < words.index("The chart is of DKP")
    [choice] = await anna.autocomplete(night.channel, "stats points", "pool", "alt")
    alone = said(await night.types(anna, "stats points", pool=choice["value"]))
    assert alone.startswith("**Alts**: **11** points in circulation, +11")
    assert alone.endswith("One person has points.")


async def test_who_won_how_much_beside_how_often_they_were_there(night: Night) -> None:
    anna = await weeks_of_loot(night)
    shown = await night.types(anna, "stats loot")
    words = said(shown)
    assert "**2 items** sold for **20** points; 1 was rolled for or given." in words
    assert "Median price **10**" in words
    assert "**15** · Cloak → Bert" in words
    assert "**Bert** · 1 item · **15** (75.0 %) · there 50.0 %" in words
    assert "**Anna** · 2 items · **5** (25.0 %) · there 100.0 %" in words
    assert words.index("**Bert** ·") < words.index("**Anna** ·")
    assert pictures(shown) == ["price_trend.png"]
    [award] = await night.officer.autocomplete(night.channel, "loot undo", "award", "cloak")
    asked = await night.types(night.officer, "loot undo", award=award["value"], reason="wrong person")
    await night.presses(night.officer, asked.response, "Undo it")
    words = said(await night.types(anna, "stats loot"))
    assert "**1 item** sold for **5** points" in words
    assert "**Bert** · 0 items · there 50.0 %" in words


async def test_a_long_list_of_winners_pages(night: Night) -> None:
    anna = night.join("Anna")
    for number in range(17):
        night.join(f"Raider {number}")
    await night.settle()
    for number in range(17):
        await night.types(night.officer, "loot award", item=f"Ring {number}", member=f"Raider {number}", how="given")
    shown = await night.types(anna, "stats loot")
    assert "page 1 of 2" in said(shown)
    assert "Nothing was sold; 17 were rolled for or given." in said(shown)
    turned = await night.presses(anna, shown.followups[-1], "Next")
    assert "page 2 of 2" in said(turned)


async def test_days_nobody_can_mean_and_nothing_to_tell_are_answered_in_a_sentence(night: Night) -> None:
    anna = night.join("Anna")
    await night.settle()
    for command in ("stats points", "stats loot"):
        for days in (0, -5, 999_999):
            assert said(await night.types(anna, command, days=days)) == (
                "Days go from 1 to 3,650; leave them out for the last 90."
            )
    assert said(await night.types(anna, "stats loot")) == "**Loot in DKP**, the last 90 days\nNothing was sold."
    assert "**0** points in circulation, 0 in the last 90 days" in said(await night.types(anna, "stats points"))
    assert "no pool by that name" in said(await night.types(anna, "stats loot", pool="gold"))


async def test_statistics_are_for_members(night: Night) -> None:
    roles = {group: night.guild.create_role(group) for group in ("officer", "member")}
    anna, guest = night.join("Anna", roles=[roles["member"]]), night.join("Gus")
    await night.settle()
    asked = await night.types(night.officer, "settings roles", **roles)
    await night.presses(night.officer, asked.response, "Map and adopt")
    for command in ("stats points", "stats loot"):
        assert "may see statistics; ask one of them" in said(await night.types(guest, command))
        assert "**" in said(await night.types(anna, command))
