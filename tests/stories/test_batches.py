"""Several items up at once: one board for all of them, one panel an item, one summary at the end."""

from tests.stories.conftest import Night, said, text_of
from tests.stories.test_auction_doors import anna, board, boris, buttons

__all__ = ["anna", "boris"]


async def put_up(night: Night, lines: str) -> None:
    form = await night.types(night.officer, "auction batch")
    assert "are up in" in said(await night.fills(night.officer, form, lines=lines))


async def test_one_board_bids_for_all_items_and_ends_in_one_summary(night, anna, boris):
    await put_up(night, "Cloak of Flames @ 10\nRing x2\nBoots of `rot`")
    cards = [text_of(message) for message in night.channel.history() if message.flags.components_v2]
    assert sum("Cloak of Flames" in card or "Ring" in card for card in cards) == 1
    overview = text_of(board(night))
    assert "3 items up" in overview
    assert "**Cloak of Flames** · begins at 10 · ends" in overview

    panel = await night.picks(anna, board(night), "Cloak of Flames")
    assert "Nobody has bid on **Cloak of Flames** yet: it begins at 10." in said(panel)
    await night.presses(anna, panel.response, "Bid next: 10")
    ring = await night.picks(boris, board(night), "Ring")
    await night.presses(boris, ring.response, "Bid next: 1")
    overview = text_of(board(night))
    assert "**Cloak of Flames** · at 10 by anna" in overview
    assert "**Ring** ×2 · 1 of 2 copies bid for, next bid 1" in overview

    before = len(night.channel.history())
    await night.wait(240)
    results = text_of(board(night))
    assert "3 items: results" in results
    assert "**Cloak of Flames** → anna for **10**" in results
    assert "nobody bid: it rots" in results
    assert buttons(board(night)) == []
    [summary] = [text_of(m) for m in night.channel.history()[before:] if not m.flags.components_v2]
    assert f"3 items are decided.** {anna.mention} {boris.mention}" in summary
    assert "Cloak of Flames: anna 10 | Ring: boris 1 | Boots of 'rot': nobody" in summary


async def test_a_decided_item_leaves_the_select_while_others_run(night, anna):
    await put_up(night, "Cloak of Flames\nRing")
    panel = await night.picks(anna, board(night), "Ring")
    await night.presses(anna, panel.response, "Bid next: 1")
    await night.types(night.officer, "auction close", auction="Ring", reason="we move on")
    overview = text_of(board(night))
    assert "**Ring** → anna for **1**" in overview
    assert "1 of 2 decided" in overview
    await night.types(night.officer, "auction cancel", auction="Cloak of Flames", reason="wrong item")
    assert "**Cloak of Flames** → cancelled" in text_of(board(night))
    assert sum("are decided" in text_of(message) for message in night.channel.history()) == 1
