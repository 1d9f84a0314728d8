"""Awards: recorded with their ledger entry, announced, undone, looked up.

recording   the row, the entry, the announcement    awarding   what was decided outside an auction
undoing     taking an award back                    looking    lists
items       every item, by what people type         prices     what was paid
raids       which raid an award is of               keeping    export, forgetting, the doctor
explaining  what an award's entry came from
"""

from cogs.loot.rules import AwardUndone
from cogs.loot.service.awarding import ItemAwarded, award_item
from cogs.loot.service.items import get_item_key, items
from cogs.loot.service.looking import AwardLine, list_awards
from cogs.loot.service.prices import ItemPrices, PoolPrices, price_line, prices_of
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
    "items",
    "list_awards",
    "preview_award_undo",
    "price_line",
    "prices_of",
    "raid_choices",
    "record_award",
    "undo_award",
]
