"""Looking at auctions. Changes nothing.

cards    the card everybody sees            own      one person's private panel
lists    what is up, and an auction's bids  finding  what people mean, and what an autocomplete offers
doctor   what must always be true
"""

from cogs.auctions.service.looking.cards import Card, card_of
from cogs.auctions.service.looking.doctor import problems
from cogs.auctions.service.looking.finding import (
    all_choices,
    find_auction,
    find_character,
    item_choices,
    open_choices,
)
from cogs.auctions.service.looking.lists import bids_of, list_open
from cogs.auctions.service.looking.own import Panel, my_characters, panel_of

__all__ = [
    "Card",
    "Panel",
    "all_choices",
    "bids_of",
    "card_of",
    "find_auction",
    "find_character",
    "item_choices",
    "list_open",
    "my_characters",
    "open_choices",
    "panel_of",
    "problems",
]
