"""The summary of a batch: everything is said, in as many messages as it takes."""

from cogs.auctions.service import cancel, start_batch
from tests.services.test_auctions.house import CHANNEL, LEAD, told


async def test_twenty_five_items_of_the_longest_names_are_all_in_the_summary(stage) -> None:
    lines = "\n".join(f"{number:02} {'*' * 90}" for number in range(25))
    answer = await start_batch(stage, LEAD, lines, channel_id=CHANNEL)
    for started in answer.started:
        assert not await told(stage, like="items are decided")
        await cancel(stage, LEAD, started.auction_id, "wrong evening")
    said = await told(stage)
    assert len(said) > 1
    assert max(map(len, said)) <= 2000
    assert all(any(f"**{number:02} " in text for text in said) for number in range(25))
    assert said[-1].count("```") == 2
