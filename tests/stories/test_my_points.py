"""**My points**: one private message with what one leads, what is held, where to answer, and what one won last."""

from sqlalchemy import update

from bot.stage import Actor
from db.tables import Auction
from tests.stories.conftest import said, text_of
from tests.stories.test_auction_doors import board, buttons, up, with_points


async def seal(night, item: str) -> None:
    async def work(session) -> None:
        await session.execute(update(Auction).where(Auction.item_name == item).values(kind="sealed"))

    await night.stage.run(Actor.itself(night.guild.id), work)


async def bids(night, who, item: str, amount: int, **more):
    return await night.types(who, "auction bid", auction=item, amount=amount, **more)


async def test_it_lists_what_one_leads_offers_and_is_outbid_on_with_a_button_that_answers(night):
    anna, boris = await with_points(night, "anna", 500), await with_points(night, "boris", 500)
    for number, item in enumerate(("Cloak", "Ring", "Orb", "Belt"), start=1):
        await up(night, item, minimum=40, duration=f"{number}h")
    await seal(night, "Orb")
    await bids(night, anna, "Cloak", 100, maximum=True)
    await bids(night, boris, "Cloak", 45)
    await bids(night, anna, "Ring", 45)
    await bids(night, boris, "Ring", 46)
    await bids(night, anna, "Orb", 55)

    mine = await night.types(anna, "dkp balance")
    assert "You have **500** DKP.\nYou can spend **345** (500 minus 155 held)." in said(mine)
    assert "You lead **Cloak** at 46, 100 held · ends" in said(mine)
    assert "Your offer on **Orb**: 55, held · ends" in said(mine)
    assert "Your 45 on **Ring** is outbid: it is at 46 · ends" in said(mine)
    assert "Belt" not in said(mine)
    assert said(mine).index("Cloak") < said(mine).index("Ring") < said(mine).index("Orb"), "the first to end first"
    assert buttons(mine.response.message) == ["History", "Bid 47 on Ring"]

    await night.presses(anna, mine.response, "Bid 47 on Ring")
    answered = text_of(mine.response.message)
    assert answered.startswith("You lead **Ring** at 47. You can spend 298 (500 minus 202 held).")
    assert "You lead **Ring** at 47, 47 held · ends" in answered
    assert buttons(mine.response.message) == []

    await bids(night, boris, "Ring", 48)
    mine = await night.types(anna, "dkp balance")
    await bids(night, boris, "Ring", 50)
    await night.presses(anna, mine.response, "Bid 49 on Ring")
    assert text_of(mine.response.message).startswith("**Ring** is at 50 now. The next bid is 51.")
    assert buttons(mine.response.message) == ["Bid 51 on Ring"], "a stale press is answered with the new price"
    assert "DKP" in said(await night.types(boris, "dkp balance", member="anna"))
    assert "Cloak" not in said(await night.types(boris, "dkp balance", member="anna"))


async def test_on_a_card_it_is_this_auctions_panel_with_the_others_below(night):
    anna, boris = await with_points(night, "anna", 100), await with_points(night, "boris", 100)
    await up(night, "Ring", duration="1h")
    await bids(night, anna, "Ring", 5)
    await bids(night, boris, "Ring", 6)
    card = await up(night, "Cloak")
    panel = await night.presses(anna, card, "My points")
    lines = text_of(panel.response.message).splitlines()
    assert lines[0].startswith("Nobody has bid on **Cloak** yet")
    assert lines[1] == "You can spend 100."
    assert lines[2].startswith("Your 5 on **Ring** is outbid: it is at 6")
    assert buttons(panel.response.message) == ["Bid next: 1", "Other…", "Max…", "Bid 7 on Ring"]
    await night.presses(anna, panel.response, "Bid 7 on Ring")
    lines = text_of(panel.response.message).splitlines()
    assert lines[0] == "You lead **Ring** at 7. You can spend 93 (100 minus 7 held)."
    assert lines[1].startswith("Nobody has bid on **Cloak** yet")
    assert "You lead **Ring** at 7, 7 held" in lines[3]
    await night.presses(anna, panel.response, "Bid next: 1")
    assert text_of(panel.response.message).startswith("You lead **Cloak** at 1.")
    await night.presses(anna, board(night), "My points")
    assert text_of(panel.response.message).count("Cloak") == 1, "edited in place, and not told twice"


async def test_the_raids_button_has_it_too_and_survives_a_restart(night):
    anna, boris = await with_points(night, "anna", 100), await with_points(night, "boris", 100)
    await night.types(night.officer, "raid start", event="Plane of Fear")
    raid = board(night)
    await night.presses(anna, raid, "Check in")
    await night.presses(boris, raid, "Check in")
    await up(night, "Ring", duration="1h")
    await bids(night, anna, "Ring", 5)
    await bids(night, boris, "Ring", 6)
    mine = await night.presses(anna, raid, "My points")
    assert "Plane of Fear brought you 0 with 0 ticks.\nYour 5 on **Ring** is outbid" in said(mine)
    await night.restart()
    await night.presses(anna, mine.response, "Bid 7 on Ring")
    assert text_of(mine.response.message).startswith("You lead **Ring** at 7.")


async def test_what_cannot_be_paid_has_no_button_and_last_wins_are_told(night):
    anna, boris = await with_points(night, "anna", 30), await with_points(night, "boris", 100)
    for item, amount in (("Boots", 7), ("Belt", 3)):
        await up(night, item, duration="10m")
        await bids(night, anna, item, amount)
        await night.types(night.officer, "auction close", auction=item, reason="a quick one")
    await up(night, "Ring")
    await bids(night, anna, "Ring", 10)
    await bids(night, boris, "Ring", 20)
    mine = await night.types(anna, "dkp balance")
    assert "Your 10 on **Ring** is outbid: it is at 20" in said(mine)
    assert "the next bid, 21, is more than you can spend" in said(mine)
    assert "Last wins: **Belt** for 3, **Boots** for 7." in said(mine)
    assert buttons(mine.response.message) == ["History"]


async def test_five_that_end_first_get_buttons_and_the_rest_is_counted(night):
    anna, boris = await with_points(night, "anna", 100), await with_points(night, "boris", 100)
    for number in range(7, 0, -1):
        await up(night, f"Item {number}", duration=f"{number}h")
        await bids(night, anna, f"Item {number}", 5)
        await bids(night, boris, f"Item {number}", 6)
    mine = await night.types(anna, "dkp balance")
    assert said(mine).count("is outbid") == 7
    assert "You are outbid on 7; buttons answer the 5 that end first." in said(mine)
    assert buttons(mine.response.message) == ["History", *(f"Bid 7 on Item {number}" for number in range(1, 6))]


async def test_any_number_of_bids_on_any_names_fits_one_message(night):
    anna, boris = await with_points(night, "anna", 1000), await with_points(night, "boris", 1000)
    for number in range(12):
        item = f"{'*' * 96} {number}"
        await up(night, item, duration="1h")
        await bids(night, anna, item, 5)
        await bids(night, boris, item, 6)
    panel = (await night.presses(anna, await up(night, "#" * 100), "My points")).response.message
    assert len([label for label in buttons(panel) if label.startswith("Bid 7 on ")]) == 5
    assert not panel.attachments
    assert "more" in text_of(panel)


async def test_a_card_shown_privately_stays_a_card_when_its_button_is_pressed(night):
    anna = await with_points(night, "anna", 100)
    await night.types(night.officer, "raid start", event="Plane of Fear")
    shown = await night.types(anna, "raid show", raid="Plane of Fear")
    before = text_of(shown.response.message)
    assert "You have **100** DKP." in said(await night.presses(anna, shown.response, "My points"))
    assert text_of(shown.response.message) == before
