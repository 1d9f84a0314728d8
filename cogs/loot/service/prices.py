"""What an item went for before, in a line."""

from bot.stage import Session


async def price_line(session: Session, item_key: str, pool_id: int) -> str | None:
    """What an item went for in a pool; None where nobody paid for it yet."""
    return None
