"""The doors of auctions: the board, the private panel, the forms and the commands, as people see and press them."""

import discord
import pytest

from tests.stories.conftest import Night, said, text_of


@pytest.fixture
async def anna(night: Night):
    return await with_points(night, "anna", 100)


@pytest.fixture
async def boris(night: Night):
    return await with_points(night, "boris", 60)


async def with_points(night: Night, name: str, amount: int):
    who = night.join(name)
    await night.settle()
    await night.types(night.officer, "dkp adjust", member=who.mention, amount=amount, reason="a start")
    return who


def board(night: Night, number: int = -1) -> discord.Message:
    """The card posted last (or the one before, ...)."""
    cards = [message for message in night.channel.history() if message.flags.components_v2]
    return cards[number]


def buttons(message: discord.Message) -> list[str]:
    return [line[1:-1] for line in text_of(message).splitlines() if line.startswith("[")]


async def up(night: Night, item: str = "Cloak of Flames", **more) -> discord.Message:
    await night.types(night.officer, "auction start", item=item, **more)
    return board(night)


async def test_the_board_shows_the_price_the_leader_and_buttons_with_absolute_amounts(night, anna):
    card = await up(night, minimum=44, note="bind on equip")
    assert "No bid yet · begins at **44**" in text_of(card)
    assert "> bind on equip" in text_of(card)
    assert buttons(card) == ["Bid 44", "Bid 50", "Other…", "My points"]
    await night.presses(anna, card, "Bid 44")
    assert "**44** · anna leads" in text_of(board(night))
    assert buttons(board(night)) == ["Bid 45", "Bid 50", "Other…", "My points"]


async def test_one_private_panel_a_person_is_edited_in_place(night, anna):
    card = await up(night)
    panel = await night.presses(anna, card, "Bid 1")
    assert said(panel).startswith("You lead **Cloak of Flames** at 1. You can spend 99 (100 minus 1 held).")
    assert buttons(panel.response.message) == ["Bid next: 2", "Other…", "Max…"]
    await night.presses(anna, panel.response, "Bid next: 2")
    assert "now at 2" in text_of(panel.response.message)
    await night.presses(anna, board(night), "Bid 3")
    assert "now at 3" in text_of(panel.response.message)


async def test_a_stale_press_is_refused_with_the_new_price_and_a_button_that_bids_it(night, anna, boris):
    card = await up(night)
    panel = await night.presses(boris, card, "My points")
    await night.presses(anna, card, "Bid 1")
    await night.presses(boris, panel.response, "Bid next: 1")
    assert text_of(panel.response.message).startswith("**Cloak of Flames** is at 1 now. The next bid is 2.")
    await night.presses(boris, panel.response, "Bid next: 2")
    assert "You lead **Cloak of Flames** at 2" in text_of(panel.response.message)


async def test_a_typed_bid_far_over_the_next_asks_once(night, anna):
    card = await up(night)
    panel = await night.presses(anna, card, "My points")
    await night.fills(anna, await night.presses(anna, panel.response, "Other…"), amount="50")
    assert "50 is more than twice the next bid" in text_of(panel.response.message)
    assert "No bid yet" in text_of(board(night))
    await night.presses(anna, panel.response, "Bid 50")
    assert "**50** · anna leads" in text_of(board(night))


@pytest.mark.parametrize("typed", ["nan", "inf", "1e12", "0", "-5", "10.005", "lots"])
async def test_what_is_no_amount_is_refused_in_one_sentence_and_given_back(night, anna, typed):
    card = await up(night)
    form = await night.presses(anna, card, "Other…")
    refused = await night.fills(anna, form, amount=typed)
    assert buttons(refused.response.message) == ["Correct it"]
    assert len(said(refused).splitlines()) == 2
    assert "No bid yet" in text_of(board(night))


async def test_the_bid_command_bids_and_opens_the_panel(night, anna):
    await up(night)
    panel = await night.types(anna, "auction bid", auction="cloak of flames", amount=10)
    assert "You lead **Cloak of Flames** at 10" in said(panel)
    await night.presses(anna, panel.response, "Bid next: 11")
    again = await night.types(anna, "auction bid", auction="cloak of flames", amount=12)
    assert "now at 12" in said(again)


async def test_who_is_not_at_the_raid_checks_in_from_the_refusal(night, anna):
    await night.types(night.officer, "raid start", event="Temple of Veeshan")
    card = await up(night)
    assert "Open to who is at Temple of Veeshan" in text_of(card)
    panel = await night.presses(anna, card, "Bid 1")
    assert "check in, then bid" in said(panel)
    await night.presses(anna, panel.response, "Check in")
    assert "You are checked in to Temple of Veeshan" in text_of(panel.response.message)
    await night.presses(anna, panel.response, "Bid next: 1")
    assert "You lead **Cloak of Flames** at 1" in text_of(panel.response.message)


async def test_an_alt_can_be_chosen_in_the_panel(night, anna):
    for name in ("Annabell", "Annatwo"):
        await night.types(anna, "character add", name=name)
    card = await up(night)
    panel = await night.presses(anna, card, "My points")
    shown = discord.ui.View.from_message(panel.response.message).children
    [select] = [item for item in shown if isinstance(item, discord.ui.Select)]
    assert [option.label for option in select.options] == ["Annabell", "Annatwo"]
    await anna.select(panel.response, [select.options[1].value], custom_id=select.custom_id)
    await night.presses(anna, panel.response, "Bid next: 1")
    assert "**1** · anna (Annatwo) leads" in text_of(board(night))


async def test_a_second_copy_is_asked_about_and_can_be_shown(night):
    await night.types(night.officer, "raid start", event="Temple of Veeshan")
    await up(night)
    asked = await night.types(night.officer, "auction start", item="cloak of flames")
    assert "is already up in" in said(asked)
    assert buttons(asked.response.message) == ["Second copy", "Show it", "Cancel"]
    started = await night.presses(night.officer, asked.response, "Second copy")
    assert "is up in" in said(started)


async def test_a_batch_with_a_bad_line_gives_the_text_back(night):
    form = await night.types(night.officer, "auction batch")
    refused = await night.fills(night.officer, form, lines="Cloak x2 @ 50\nRing @ nan")
    assert "Line 2" in said(refused)
    assert buttons(refused.response.message) == ["Correct it"]
    form = await night.types(night.officer, "auction batch")
    assert "are up in" in said(await night.fills(night.officer, form, lines="Cloak x2 @ 50\nRing"))
    cards = [text_of(message) for message in night.channel.history() if message.flags.components_v2]
    [overview] = [card for card in cards if "Cloak" in card or "Ring" in card]
    assert "**Cloak** ×2 · begins at 50 · ends" in overview
    assert "**Ring** · begins at 1 · ends" in overview


async def test_who_may_not_start_auctions_is_told_who_may(night, anna):
    for command, options in (("auction batch", {}), ("auction start", {"item": "Ring"})):
        assert "Only officers and raid leaders may run auctions" in said(await night.types(anna, command, **options))


async def test_closing_early_shows_the_reason_and_the_winner_is_announced(night, anna):
    card = await up(night)
    await night.presses(anna, card, "Bid 5")
    answer = await night.types(night.officer, "auction close", auction="Cloak of Flames", reason="we move on")
    assert "anna has it for 5" in said(answer)
    shown = text_of(board(night))
    assert "Won by **anna** for **5**" in shown
    assert "Closed early: we move on" in shown
    assert buttons(board(night)) == []
    announced = text_of(night.channel.history()[-1])
    assert f"goes to {anna.mention} for **5**" in announced
    assert "Cloak of Flames goes to anna for 5. Grats!" in announced
    full = said(await night.types(anna, "auction show", auction="Cloak of Flames"))
    assert "Closed early: we move on" in full
    assert "**5** anna" in full


async def test_time_runs_out_by_itself_and_the_buttons_survive_a_restart(night, anna, boris):
    card = await up(night)
    await night.presses(anna, card, "Bid 5")
    await night.restart()
    answer = await night.presses(boris, board(night), "Bid 6")
    assert "You lead **Cloak of Flames** at 6" in said(answer)
    await night.wait(200)
    await night.wait(2)
    assert "Won by **boris** for **6**" in text_of(board(night))
    late = await night.types(anna, "auction bid", auction="Cloak of Flames", amount=7)
    assert "is over" in said(late)
    assert buttons(late.response.message) == []
    assert "**Cloak of Flames** → boris · 6 DKP" in said(await night.types(anna, "loot history"))


async def test_an_officers_acts_are_answered_with_what_came_of_them(night, anna, boris):
    card = await up(night)
    await night.presses(anna, card, "Bid 5")
    await night.presses(boris, board(night), "Bid 6")
    voided = await night.types(night.officer, "auction void", auction="Cloak of Flames", member="boris", reason="oops")
    assert "The bid of 6 by boris on **Cloak of Flames** is void; anna leads at 5." in said(voided)
    extended = await night.types(night.officer, "auction extend", auction="Cloak of Flames", duration="2m")
    assert "**Cloak of Flames** ends" in said(extended)
    assert "5 by anna" in said(await night.types(boris, "auction list"))
    await night.types(night.officer, "auction cancel", auction="Cloak of Flames", reason="wrong item")
    assert "Cancelled: wrong item" in text_of(board(night))
    assert f"was cancelled: wrong item. Your points are free again: {anna.mention}" in text_of(
        night.channel.history()[-1]
    )


@pytest.mark.parametrize("item", ["*" * 100, "@everyone", "🗡️" * 40, "<@1> `x` ~~y~~ || [a](b)", "שלום עולם"])
async def test_any_name_makes_a_card_and_pings_nobody(night, anna, item):
    card = await up(night, item)
    assert not card.mentions
    assert not card.mention_everyone
    assert buttons(card)[0] == "Bid 1"
    assert said(await night.presses(anna, card, "Bid 1")).startswith("You lead")
