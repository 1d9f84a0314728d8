"""Awards: recorded with their ledger entry, announced, undone, looked up.

recording   the row, the entry, the announcement    awarding   what was decided outside an auction
undoing     taking an award back                    looking    lists, items, prices
raids       which raid an award is of               keeping    export, forgetting, the doctor
explaining  what an award's entry came from
"""

from cogs.loot.rules import AwardUndone
from cogs.loot.service.awarding import ItemAwarded, award_item
from cogs.loot.service.looking import (
    AwardLine,
    ItemPrices,
    PoolPrices,
    get_item_key,
    item_names,
    items,
    list_awards,
    prices_of,
)
from cogs.loot.service.prices import price_line
from cogs.loot.service.raids import raid_choices
from cogs.loot.service.recording import NewAward, announce, game_line, has_award, record_award
from cogs.loot.service.undoing import AwardUndo, preview_award_undo, undo_award

__all__ = [
    "AwardLine",
    "AwardUndo",
    "AwardUndone",
    "ItemAwarded",
    "ItemPrices",
    "NewAward",
    "PoolPrices",
    "announce",
    "award_item",
    "game_line",
    "get_item_key",
    "has_award",
    "item_names",
    "items",
    "list_awards",
    "preview_award_undo",
    "price_line",
    "prices_of",
    "raid_choices",
    "record_award",
    "undo_award",
]
