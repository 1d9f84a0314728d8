"""Looking at auctions. Changes nothing.

cards  the card everybody sees   own      one person's private panel
lists  what is up for bids       bids     an auction's bids, as far as the reader may see them
doctor what must always be true  finding  what people mean, and what an autocomplete offers
"""

from cogs.auctions.service.looking.bids import bids_of
from cogs.auctions.service.looking.cards import Card, HouseRules, Stands, Won, card_of
from cogs.auctions.service.looking.doctor import problems
from cogs.auctions.service.looking.finding import (
    all_choices,
    find_auction,
    find_character,
    item_choices,
    open_choices,
)
from cogs.auctions.service.looking.lists import list_open
from cogs.auctions.service.looking.mine import MyBids, Outbid, my_bids
from cogs.auctions.service.looking.own import OwnBid, my_characters, own_bid, panel_of

__all__ = [
    "Card",
    "HouseRules",
    "MyBids",
    "Outbid",
    "OwnBid",
    "Stands",
    "Won",
    "all_choices",
    "bids_of",
    "card_of",
    "find_auction",
    "find_character",
    "item_choices",
    "list_open",
    "my_bids",
    "my_characters",
    "open_choices",
    "own_bid",
    "panel_of",
    "problems",
]
